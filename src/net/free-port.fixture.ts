import { once } from 'node:events'
import { closeSync, openSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Below what Linux (32768) and the IANA (49152) hand out by themselves: a port from there can become
 * another program's between this answer and its use, since every outgoing connection takes one.
 */
const lowest = 20_000
const beyond = 32_000
const maxTries = 50
/** No test runs for so long, in milliseconds: a mark that is older was left behind by one that was killed. */
const maxMarkAgeMs = 20 * 60_000

const marks = new Set<string>()
process.on('exit', () => {
  for (const mark of marks) rmSync(mark, { force: true })
})

/**
 * A loopback port that nobody listens on now, for programs that cannot choose one themselves. Until this
 * process ends no other test is given it: two that ask at once would else get the same one now and then.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < maxTries; tries++) {
    const port = lowest + Math.floor(Math.random() * (beyond - lowest))
    if (isOurs(port) && (await isFree(port))) return port
  }
  throw new Error(`found no free port in ${maxTries} tries`)
}

function isOurs(port: number): boolean {
  const mark = join(tmpdir(), `postern-test-port-${port}`)
  try {
    closeSync(openSync(mark, 'wx'))
    marks.add(mark)
    return true
  } catch {
    if (isOld(mark)) rmSync(mark, { force: true })
    return false
  }
}

function isOld(mark: string): boolean {
  const file = statSync(mark, { throwIfNoEntry: false })
  return file !== undefined && Date.now() - file.mtimeMs > maxMarkAgeMs
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
