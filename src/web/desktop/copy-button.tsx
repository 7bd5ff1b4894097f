import { VisuallyHidden } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { useRowTabIndex } from '../ui/list/row-controls.tsx'
import { useCopy } from './use-copy.ts'
import { words } from './words.ts'

/** How long it says that it has copied, in milliseconds. */
const shownMs = 2_000

const copySign = (
  <svg
    viewBox="0 0 16 16"
    width="14"
    height="14"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.5"
  >
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 3v-.5h-8v8H3" />
  </svg>
)

export interface CopyButtonProps {
  readonly text: string
  /** What a press does: `copy the address of “db”`. */
  readonly purpose: string
  readonly what: string
}

/** A short text that a press copies. */
export function CopyButton({ text, purpose, what }: CopyButtonProps): ReactNode {
  const copy = useCopy()
  const [isDone, setDone] = useState(false)
  const tabIndex = useRowTabIndex()
  useEffect(() => {
    if (!isDone) return undefined
    const timer = setTimeout(() => setDone(false), shownMs)
    return () => clearTimeout(timer)
  }, [isDone])
  return (
    <button
      type="button"
      className="copy-button"
      tabIndex={tabIndex}
      onClick={() => void copy(text, what).then(setDone)}
    >
      <code>{text}</code>
      <span aria-hidden className="copy-sign">
        {isDone ? words.actions.copiedShort : copySign}
      </span>
      <VisuallyHidden>&nbsp;{purpose}</VisuallyHidden>
    </button>
  )
}
