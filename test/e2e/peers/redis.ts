import { startChild } from '../child.ts'
import { program } from '../peers.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { untilListening } from '../ports.ts'
import type { Scope } from '../scope.ts'

/** Starts a Redis that keeps nothing on disk; resolves to its port. */
export async function startRedis(scope: Scope): Promise<number> {
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: scope.directory }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  await untilListening(port, startChild(scope, program('redis-server'), args))
  return port
}
