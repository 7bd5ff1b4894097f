import { Button, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ToolCommand } from '../../../desktop/wire/calls.ts'
import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { CommandLine } from '../../ui/command-line.tsx'
import { Card } from '../card.tsx'
import { useActions } from '../use-actions.ts'
import { words } from '../words.ts'

const { one: said } = words

export interface CommandsProps {
  readonly connection: ConnectionView
  readonly commands: readonly ToolCommand[]
}

/** How programs reach it: a line to paste for each of them, and a file for those of remote desktops. */
export function Commands({ connection, commands }: CommandsProps): ReactNode {
  const { downloadRdp } = useActions()
  const { settings } = connection
  // Or nobody knows what it is.
  const isForDesktop =
    settings.protocol === 'tcp' &&
    (commands.length === 0 || commands.some(({ tool }) => tool === 'mstsc'))
  return (
    <Card title={said.commands}>
      <Stack gap="sm">
        {commands.map(({ tool, command }) => (
          <div key={`${tool} ${command}`}>
            <Text size="sm" fw={500}>
              {tool}
            </Text>
            <CommandLine command={command} purpose={said.commandFor(tool, settings.name)} />
          </div>
        ))}
        {commands.length === 0 && <Text c="dimmed">{said.noCommands}</Text>}
        {isForDesktop && (
          <div>
            <Button variant="default" size="compact-sm" onClick={() => downloadRdp(connection)}>
              {said.rdp}
            </Button>
          </div>
        )}
      </Stack>
    </Card>
  )
}
