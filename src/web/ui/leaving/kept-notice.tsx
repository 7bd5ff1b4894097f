import { Button, Group, Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** Somebody left a form with changes and has come back to it. */
export function KeptNotice({ onDiscard }: { readonly onDiscard: () => void }): ReactNode {
  return (
    <Paper className="card notice" p="sm" role="status">
      <Group justify="space-between" gap="sm">
        <Text>Your changes from before are here, and not saved yet.</Text>
        <Button variant="default" size="compact-sm" onClick={onDiscard}>
          Discard them
        </Button>
      </Group>
    </Paper>
  )
}
