import { Button, Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { NamedTunnelSecretsView } from '../../../console/wire/connectors.ts'
import { CommandLine } from '../../ui/command-line.tsx'

export interface TokenShownProps {
  readonly secrets: NamedTunnelSecretsView
  readonly done: () => void
}

/** The token of a named tunnel: whoever has it can be its connector. */
export function TokenShown({ secrets: { name, token }, done }: TokenShownProps): ReactNode {
  return (
    <Stack gap="md">
      {token === null ? (
        <Text>
          The gateway has no address of its own to put into a token:{' '}
          <code>postern tunnel token {name}</code> prints one.
        </Text>
      ) : (
        <>
          <Text>
            This is the token of <strong>{name}</strong>. Whoever has it can be its connector: put
            it into a file that only the connector’s user can read.
          </Text>
          <CommandLine command={token} purpose={`the token of ${name}`} />
          <Text>Then start the connector beside the service, here one on port 5432:</Text>
          <CommandLine
            command={`postern tunnel run --token-file ${name}.token --url tcp://localhost:5432`}
            purpose={`the command of the connector of ${name}`}
          />
        </>
      )}
      <Group justify="flex-end">
        <Button onClick={done}>I have kept it</Button>
      </Group>
    </Stack>
  )
}
