import { Button, VisuallyHidden } from '@mantine/core'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useAnnounce } from './announce.tsx'
import './command-line.css'
import { copyText } from './copy-text.ts'

export interface CommandLineProps {
  readonly command: string
  /** What it is for, to tell its button from others: `the ssh command for "build"`. */
  readonly purpose: string
  /** Whether it is a text of several lines, and not a command. */
  readonly isText?: boolean
}

/** How long the button says what it has done, in milliseconds. */
const shownMs = 2_000

/** A command to paste, with a button that copies it. */
export function CommandLine({ command, purpose, isText = false }: CommandLineProps): ReactNode {
  const code = useRef<HTMLElement>(null)
  const [done, setDone] = useState<'copied' | 'selected'>()
  const announce = useAnnounce()
  useEffect(() => {
    if (done === undefined) return undefined
    const timer = setTimeout(() => setDone(undefined), shownMs)
    return () => clearTimeout(timer)
  }, [done])

  const copy = async (): Promise<void> => {
    const isCopied = await copyText(command)
    if (!isCopied) select(code.current)
    setDone(isCopied ? 'copied' : 'selected')
    announce(isCopied ? `Copied ${purpose}` : `Selected ${purpose}, copy it with your keyboard`)
  }

  return (
    <div className="command-line">
      <pre>
        <code ref={code}>
          {isText
            ? command
            : command.split(/(?<= )/).map((word, index) => (
                // A command stays what it is, so its words' places name them.
                <span key={index}>{word}</span>
              ))}
        </code>
      </pre>
      <Button variant="default" size="compact-sm" onClick={() => void copy()}>
        {done === undefined ? 'Copy' : labels[done]}
        <VisuallyHidden>&nbsp;{purpose}</VisuallyHidden>
      </Button>
    </div>
  )
}

const labels = { copied: 'Copied', selected: 'Selected' } as const

function select(element: HTMLElement | null): void {
  if (element !== null) getSelection()?.selectAllChildren(element)
}
