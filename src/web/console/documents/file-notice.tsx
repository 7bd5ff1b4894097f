import { Button, Group, Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { DocumentKind } from './document-kind.ts'

export interface FileNoticeProps {
  readonly kind: DocumentKind
  readonly id: string
  /** Such as `routes.yaml:12`. */
  readonly place: string
  readonly mayCopy: boolean
}

/** What is in the file is changed there. */
export function FileNotice({ kind, id, place, mayCopy }: FileNoticeProps): ReactNode {
  const copy = `/new-${kind.one}?copy=${encodeURIComponent(id)}`
  return (
    <Paper className="card notice" p="sm" mb="md">
      <Group justify="space-between" gap="sm">
        <Text>
          This {kind.one} is in the configuration file, at <code>{place}</code>, and is changed
          there.
        </Text>
        {mayCopy && (
          <Button component={Link} href={copy} variant="default" size="compact-sm">
            Copy as a stored {kind.one}
          </Button>
        )}
      </Group>
    </Paper>
  )
}
