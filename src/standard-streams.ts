// Node makes the streams of `process` when somebody looks at them, and to make one of a pipe or socket is to
// set O_NONBLOCK on an open file description that a whole script may share: its next command fails with
// EAGAIN, and Ansible refuses to run at all. To look is enough, and `import process from 'node:process'`
// looks at all three, as do `console` and some of Node's own parts. So they are shielded before anything
// else is loaded.

import { fstatSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { standardOutput } from './standard-output.ts'

const descriptors = { stdin: 0, stdout: 1, stderr: 2 } as const
type Name = keyof typeof descriptors

const made = new Map<Name, () => unknown>()

/**
 * Puts harmless streams in the place of `process.stdin`, `stdout` and `stderr` where these are pipes or
 * sockets: what is written there takes the way of `standardOutput`, and there is nothing to read.
 */
export function shieldStreams(): void {
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const own = Object.getOwnPropertyDescriptor(process, name)
    if (own?.get === undefined || made.has(name) || !isShareable(descriptors[name])) continue
    made.set(name, own.get.bind(process))
    let shield: Readable | Writable | undefined
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => (shield ??= shieldOf(name)),
    })
  }
}

/** The real streams of 0 and 1, for whoever owns both: a tunnel over stdin and stdout. */
export function ownedStreams(): {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
} {
  return {
    input: (made.get('stdin')?.() ?? process.stdin) as NodeJS.ReadStream,
    output: (made.get('stdout')?.() ?? process.stdout) as NodeJS.WriteStream,
  }
}

function isShareable(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor)
    return found.isFIFO() || found.isSocket()
  } catch {
    return false
  }
}

function shieldOf(name: Name): Readable | Writable {
  if (name === 'stdin') return Object.assign(Readable.from([]), { fd: 0 })
  const descriptor = descriptors[name]
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      standardOutput(descriptor).write(chunk.toString())
      done()
    },
  })
  return Object.assign(stream, { fd: descriptor })
}
