import { SystemError } from '../../errors.ts'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** What to ask, and how to understand it. */
export interface Question<T> {
  readonly text: string
  /** Said before it, a line each. */
  readonly about?: readonly string[]
  /** What an empty answer means; undefined: there has to be one. */
  readonly fallback?: string | undefined
  /** What the answer says; a sentence where it says nothing. */
  readonly parse: (answer: string) => { readonly value: T } | { readonly fault: string }
  /** Whether it is not to be seen. */
  readonly isSecret?: boolean
}

/** Asks a person on the terminal. */
export interface Questions extends Disposable {
  /** Asks until the answer says something. Throws `SystemError` `init-left` when there is nobody any more. */
  ask<T>(question: Question<T>): Promise<T>
}

export interface QuestionStreams {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  readonly isTerminal: boolean
}

/** Asks on these streams, one question after the other. */
export function createQuestions({ input, output, isTerminal }: QuestionStreams): Questions {
  let isMuted = false
  const shown = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isMuted) output.write(chunk)
      done()
    },
  })
  const terminal = createInterface({ input, output: shown, terminal: isTerminal, prompt: '' })
  // What comes before it is asked for is an answer as well: somebody has pasted several.
  const lines: string[] = []
  let wake: (() => void) | undefined
  let isOver = false
  terminal.on('line', (line) => {
    lines.push(line)
    wake?.()
  })
  terminal.on('close', () => {
    isOver = true
    wake?.()
  })
  const nextLine = async (): Promise<string> => {
    if (lines.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve))
    const line = lines.shift()
    if (line === undefined)
      throw new SystemError('init-left', 'nobody answers any more: nothing was written')
    return line
  }
  return {
    async ask({ text, about = [], fallback, parse, isSecret = false }) {
      for (const line of about) output.write(`${line}\n`)
      for (;;) {
        const hint = fallback === undefined || fallback === '' ? '' : ` [${fallback}]`
        output.write(`${text}${hint}: `)
        isMuted = isSecret
        const answer = await nextLine()
        isMuted = false
        if (isSecret && isTerminal) output.write('\n')
        const said = answer.trim() === '' ? (fallback ?? '') : answer.trim()
        const parsed = parse(said)
        if ('value' in parsed) return parsed.value
        output.write(`  ${parsed.fault}\n`)
      }
    },
    [Symbol.dispose]: () => terminal.close(),
  }
}
