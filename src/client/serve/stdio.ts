import { closeSync, fstatSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { Duplex } from 'node:stream'
import { ownedStreams } from '../../standard-streams.ts'

/**
 * Standard input and output as one half-open stream, for `--listen -`.
 *
 * Ending it closes the descriptor of standard output: whoever started us, `ssh` for instance, learns
 * of the service's end only by that. libuv leaves descriptors 0 to 2 open even when their streams are
 * destroyed.
 */
export function openStdio(): Duplex {
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

/** Only a pipe or a socket tells its reader of an end. The null device keeps the number taken. */
function closeStandardOutput(): void {
  const kind = fstatSync(1)
  if (!kind.isFIFO() && !kind.isSocket()) return
  closeSync(1)
  openSync(devNull, 'w')
}
