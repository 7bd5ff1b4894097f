import { Button, Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { CommandLine } from '../../ui/command-line.tsx'
import { Moment } from '../../ui/moment.tsx'
import type { Credential } from './service-account.ts'

export interface CredentialShownProps {
  readonly credential: Credential
  readonly done: () => void
}

/** A credential, which nobody can show again: the gateway keeps a hash of it. */
export function CredentialShown({ credential, done }: CredentialShownProps): ReactNode {
  const { id, format, credential: secret, expires_at } = credential
  return (
    <Stack gap="md">
      <Text>
        This is the {format === 'jwt' ? 'token' : 'id and the secret'} of <strong>{id}</strong>. It
        is shown this once: keep it now, in a file that only the program’s user can read.{' '}
        {expires_at === null ? (
          'It does not expire.'
        ) : (
          <>
            It expires <Moment at={expires_at} />.
          </>
        )}
      </Text>
      {format === 'jwt' ? (
        <CommandLine command={secret} purpose={`the token of ${id}`} />
      ) : (
        <>
          <CommandLine command={id} purpose="the id" />
          <CommandLine command={secret} purpose={`the secret of ${id}`} />
        </>
      )}
      <Group justify="flex-end">
        <Button onClick={done}>I have kept it</Button>
      </Group>
    </Stack>
  )
}
