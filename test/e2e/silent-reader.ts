import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { systemCode } from '../../src/errors.ts'
import { openNamedPipe } from '../../src/named-pipe.fixture.ts'
import type { Scope } from './scope.ts'

/** A pipe as a shell makes one, whose reader reads when the test does. */
export interface SilentReader {
  /** Its writing end, blocking: what programs get. */
  readonly writer: number
  /** Writes into it until it takes no more. */
  fill(): void
  /** Everything that stands in it now. */
  read(): string
}

function takes(descriptor: number, length: number): boolean {
  try {
    return writeSync(descriptor, Buffer.alloc(length, '\n')) > 0
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return false
    throw error
  }
}

export function openSilentReader(scope: Scope): SilentReader {
  const pipe = openNamedPipe()
  scope.defer(() => pipe[Symbol.dispose]())
  const { path, reader, writer } = pipe
  const buffer = Buffer.alloc(65_536)
  const readOnce = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer))
    } catch (error) {
      if (systemCode(error) === 'EAGAIN') return ''
      throw error
    }
  }
  return {
    writer,
    fill() {
      const own = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      // A whole page at first; what is left takes less.
      for (const length of [4_096, 1]) while (takes(own, length));
      closeSync(own)
    },
    read() {
      let text = ''
      for (let part = readOnce(); part !== ''; part = readOnce()) text += part
      return text
    },
  }
}
