import { Button, Group, Text, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import { formatNumberOf } from '../../ui/format.ts'
import { conflictId } from './conflict.tsx'
import './documents.css'

export interface SaveBarProps {
  readonly isNew: boolean
  readonly isChanged: boolean
  readonly problemCount: number
  readonly isReadable: boolean
  /** Somebody else has saved it since: both forms are brought together first. */
  readonly isOvertaken: boolean
  /** Somebody else has deleted it since. */
  readonly isGone: boolean
  readonly onSave: () => void
  readonly onDiscard: () => void
}

/** Always on the screen: whether there is something to save, and what keeps it from being saved. */
export function SaveBar(props: SaveBarProps): ReactNode {
  const { isNew, isChanged, problemCount, isReadable, isOvertaken, onSave, onDiscard } = props
  const isReady = isChanged && isReadable && problemCount === 0 && !isOvertaken
  return (
    <div className="save-bar" role="group" aria-label="Save">
      <Text size="sm" role="status">
        {describe(props)}
      </Text>
      <Group gap="sm">
        {isOvertaken && (
          <Button variant="default" onClick={showConflict}>
            Show both
          </Button>
        )}
        <Button variant="default" disabled={!isChanged && isReadable} onClick={onDiscard}>
          Discard<VisuallyHidden>&nbsp;changes</VisuallyHidden>
        </Button>
        <Button disabled={!isReady} onClick={onSave}>
          {isNew ? 'Add …' : 'Save …'}
        </Button>
      </Group>
    </div>
  )
}

/** It stands above the form, which may be long. */
function showConflict(): void {
  document.querySelector<HTMLElement>(`#${conflictId}`)?.focus()
}

function describe(props: SaveBarProps): string {
  const { isChanged, isReadable, isOvertaken, isGone, problemCount } = props
  if (!isReadable) return 'The YAML cannot be read: mend it first.'
  if (!isChanged) return 'Nothing is changed.'
  if (isOvertaken) return 'Somebody else has saved it: bring both together first.'
  if (problemCount > 0) return `${formatNumberOf(problemCount, 'fault')} to be mended first.`
  if (isGone) return 'Deleted meanwhile: add it again, or discard your changes.'
  return 'Changed, and not saved yet.'
}
