import { closeSync, fstatSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { Duplex } from 'node:stream'
import { AccessError } from '../../errors.ts'
import { ownedStreams } from '../../standard-streams.ts'
import { serveConnection, type Outcome, type ServeOptions } from './connection.ts'
import { watchForOrphan } from './orphan.ts'

/**
 * Carries standard input and output through one tunnel, and gives it up when the program that uses them
 * is gone. Never rejects. A process can do so once.
 */
export async function forwardStdio(
  options: Pick<ServeOptions, 'authority' | 'client'>,
): Promise<Outcome> {
  const stdio = openStdio()
  using orphan = watchForOrphan({
    input: ownedStreams().input,
    onOrphan: () => stdio.destroy(nobodyLeft()),
  })
  // From then on a write that fails tells the same.
  const onConnected = (): void => orphan[Symbol.dispose]()
  const outcome = await serveConnection(stdio, { ...options, onConnected })
  return outcome.kind === 'given-up' ? { kind: 'failed', error: nobodyLeft() } : outcome
}

/** Seldom read: whoever started this program is gone. */
function nobodyLeft(): AccessError {
  return new AccessError('sign-in-cancelled', 'the program that used this tunnel is gone')
}

/**
 * Standard input and output as one half-open stream, for `--listen -`.
 *
 * Ending it closes the descriptor of standard output: whoever started us, `ssh` for instance, learns
 * of the service's end only by that. libuv leaves descriptors 0 to 2 open even when their streams are
 * destroyed.
 */
function openStdio(): Duplex {
  const { input, output } = ownedStreams()
  const stream = new Duplex({
    allowHalfOpen: true,
    read() {
      input.resume()
    },
    write(chunk: Buffer, _encoding, done) {
      output.write(chunk, done)
    },
    final(done) {
      output.end(() => {
        closeStandardOutput()
        done()
      })
    },
    destroy(error, done) {
      input.destroy()
      done(error)
    },
  })
  input.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) input.pause()
  })
  input.on('end', () => stream.push(null))
  input.on('error', (error) => stream.destroy(error))
  // EPIPE: whoever started us reads no more.
  output.on('error', (error) => stream.destroy(error))
  return stream
}

/**
 * Only a pipe or a socket tells its reader of an end. The null device takes its number, so that nothing
 * else gets it.
 */
function closeStandardOutput(): void {
  const kind = fstatSync(1)
  if (!kind.isFIFO() && !kind.isSocket()) return
  closeSync(1)
  openSync(devNull, 'w')
}
