import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** Secrets never leave the gateway: they are named, and stay as they are. */
export function HiddenKeys({ keys }: { readonly keys: readonly string[] }): ReactNode {
  if (keys.length === 0) return null
  return (
    <Paper className="card notice" p="sm" mb="md">
      <Text>
        Secret, and not shown: {keys.join(', ')}. They stay as they are unless you write them anew.
      </Text>
    </Paper>
  )
}
