import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what Linux (32768) and the IANA (49152) hand out by themselves: a port from there can become
 * another program's between this answer and its use, since every outgoing connection takes one.
 */
const lowest = 20_000
const beyond = 32_000
const maxTries = 50

/** A loopback port that nobody listens on now, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < maxTries; tries++) {
    const port = lowest + Math.floor(Math.random() * (beyond - lowest))
    if (await isFree(port)) return port
  }
  throw new Error(`found no free port in ${maxTries} tries`)
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
