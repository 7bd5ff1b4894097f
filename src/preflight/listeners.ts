import { once } from 'node:events'
import { createServer } from 'node:net'
import { bracketed } from '../address.ts'
import { systemCode } from '../errors.ts'
import { listenError, type ListenAddress } from '../net/listen-address.ts'
import { attempt, type Found } from '../reach/checks.ts'
import type { PreflightCheck, Trying } from './check.ts'
import type { Running } from './running.ts'

/** Tries whether each address that the gateway listens on is free, or held by the gateway itself. */
export function listenerChecks(
  trying: Trying,
  running: Promise<Running>,
): readonly (() => Promise<readonly PreflightCheck[]>)[] {
  const { address, httpRedirectAddress, metricsAddress } = trying.config
  return [address, httpRedirectAddress, metricsAddress]
    .filter((it) => it !== undefined)
    .map((it) => async () => [await checkListener(it, trying, running)])
}

function checkListener(
  address: ListenAddress,
  { signal, timeoutMs }: Trying,
  running: Promise<Running>,
): Promise<PreflightCheck> {
  const target = `${address.host === undefined ? '' : bracketed(address.host)}:${address.port}`
  const step = { what: 'listener', target, signal, limitMs: 2 * timeoutMs } as const
  return attempt(step, async () => {
    try {
      await bind(address)
      return { detail: 'is free' }
    } catch (error) {
      return judge(error, target, await running)
    }
  })
}

/** Listens, and stops at once. */
async function bind({ host, port }: ListenAddress): Promise<void> {
  const server = createServer((socket) => socket.destroy())
  try {
    server.listen({ port, exclusive: true, ...(host !== undefined && { host }) })
    await once(server, 'listening')
  } finally {
    server.close()
  }
}

function judge(error: unknown, target: string, running: Running): Found {
  const fault = listenError(error, target)
  const code = systemCode(error)
  if (code === 'EADDRINUSE' && running.state === 'running')
    return { detail: 'is held by this gateway, which runs' }
  if (code === 'EADDRINUSE' && running.state === 'unknown')
    return {
      verdict: 'warning',
      detail: `${fault.message}, or by this gateway`,
      hint: running.hint,
    }
  // Whoever checks need not be whom the gateway runs as.
  if (code === 'EACCES') return { verdict: 'warning', detail: fault.message, hint: fault.hint }
  throw fault
}
