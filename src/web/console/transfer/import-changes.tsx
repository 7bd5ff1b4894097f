import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ImportAnswer } from '../../../console/wire/documents.ts'
import { BusyButton } from '../../ui/busy-button.tsx'
import { formatNumberOf } from '../../ui/format.ts'
import '../documents/documents.css'
import { ProblemList } from '../documents/problem-list.tsx'

export interface ImportChangesProps {
  readonly answer: ImportAnswer
  readonly isBusy: boolean
  readonly onApply: () => void
}

/** What an import would change, one by one. */
export function ImportChanges({ answer, isBusy, onApply }: ImportChangesProps): ReactNode {
  const { changes, unchanged, warnings } = answer
  if (changes.length === 0) {
    return <Text role="status">Nothing would change: {unchanged} are as they are here.</Text>
  }
  return (
    <Stack gap="sm">
      <Text role="status" fw={600}>
        {formatNumberOf(changes.length, 'change')}, {unchanged} stay as they are
      </Text>
      <ProblemList title="It can be imported, and:" problems={warnings} />
      {changes.map(({ kind, id, change, diff }) => (
        <details key={`${kind} ${id}`} className="card import-change">
          <summary>
            {kind} <b>{id}</b>: {change}
          </summary>
          <div className="diff">
            {diff
              .split('\n')
              .filter((line) => line !== '' && !/^(?:---|\+\+\+|={3,}|Index:)/.test(line))
              .map((line, index) => (
                // Lines of a diff have no name but their place.
                <div key={index}>
                  <div className={classOf(line)}>{line}</div>
                </div>
              ))}
          </div>
        </details>
      ))}
      <div>
        <BusyButton isBusy={isBusy} onClick={onApply}>
          Import {formatNumberOf(changes.length, 'change')}
        </BusyButton>
      </div>
    </Stack>
  )
}

function classOf(line: string): string {
  if (line.startsWith('+')) return 'diff-added'
  if (line.startsWith('-')) return 'diff-removed'
  return line.startsWith('@@') ? 'diff-skipped' : 'diff-same'
}
