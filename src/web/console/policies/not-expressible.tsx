import { Paper, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ConvertAnswer } from '../../../console/wire/policy-language.ts'
import '../documents/documents.css'

export interface NotExpressibleProps extends ConvertAnswer {
  /** What has no words for it: `rules`. */
  readonly what: string
}

/** Why a policy cannot be shown in the other view, part by part. */
export function NotExpressible({ what, problems }: NotExpressibleProps): ReactNode {
  return (
    <Paper className="card notice" p="md" role="status">
      <Text fw={600}>This policy says what {what} cannot.</Text>
      <ul className="problem-list">
        {problems.map(({ line, column, message, hint }) => (
          <li key={`${line}:${column} ${message}`}>
            line {line}: {message}
            {hint !== undefined && ` (${hint})`}
          </li>
        ))}
      </ul>
      <Text size="sm" c="dimmed" mt="xs">
        It stays as it is in the other view.
      </Text>
    </Paper>
  )
}
