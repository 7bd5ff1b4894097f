import { Button, Text } from '@mantine/core'
import { useRef, useState, type ReactNode } from 'react'
import { words } from '../words.ts'

const { import: said } = words

/**
 * Bytes of a file to import, as the daemon has it.
 *
 * @limit none: the page says so before the daemon does
 */
const maxFileBytes = 8 * 1024 * 1024

export interface ChosenFile {
  readonly name: string
  readonly text: string
  /** Tells it from others of the same name. */
  readonly key: string
}

/** Where a file is dropped, or chosen by a button. */
export function FileDrop({ choose }: { readonly choose: (file: ChosenFile) => void }): ReactNode {
  const input = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  const [fault, setFault] = useState<string>()
  const take = async (file: File | null | undefined): Promise<void> => {
    setOver(false)
    if (file === null || file === undefined) return
    if (file.size > maxFileBytes) return setFault(said.tooLarge)
    try {
      choose({ name: file.name, text: await file.text(), key: crypto.randomUUID() })
    } catch {
      setFault(said.unreadable)
    }
  }
  return (
    <div
      className="drop"
      data-over={isOver || undefined}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        void take(event.dataTransfer.files.item(0))
      }}
    >
      <Text>{said.drop}</Text>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={said.choose}
        accept=".json,.yaml,.yml,application/json,application/yaml"
        onChange={({ currentTarget }) => {
          void take(currentTarget.files?.item(0))
          currentTarget.value = ''
        }}
      />
      <Button onClick={() => input.current?.click()}>{said.choose}</Button>
      {fault !== undefined && (
        <Text role="alert" className="fault">
          {fault}
        </Text>
      )}
    </div>
  )
}
