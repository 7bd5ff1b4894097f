import type { GatewayClient } from '../../client/gateway-client.ts'
import type { TunnelOpener } from '../../client/serve/connection.ts'
import { startForward, type ForwardOptions } from '../../client/serve/forward.ts'
import { forwardStdio } from '../../client/serve/stdio.ts'
import { exitCodeOf, exitCodeOfSignal, exitCodes } from '../process/exit-codes.ts'
import { onEndSignal } from '../process/signals.ts'
import { connectionWords } from '../speech/connection-words.ts'
import type { Voice } from '../speech/voice.ts'

/** Whose tunnels are used, and how they are asked for where that is not the client's plain way. */
export interface Served {
  readonly authority: string
  readonly client: GatewayClient
  /** **Default:** the client */
  readonly opener?: TunnelOpener
}

/**
 * Time for a tunnel to end in order after SIGHUP, in milliseconds: `ssh` closes our input and sends the
 * signal in one breath, and what it said last is still on its way.
 */
const hangUpGraceMs = 1_000

/** Carries stdin and stdout through one tunnel to its end; resolves to the exit code. */
export async function serveStdio(
  { authority, client, opener = client }: Served,
  voice: Voice,
): Promise<number> {
  let endedBy: number | undefined
  using _ = onEndSignal((signal) => {
    endedBy = exitCodeOfSignal(signal)
    const graceMs = signal === 'SIGHUP' ? hangUpGraceMs : 0
    // Unreferenced: a tunnel that ends before keeps nobody waiting.
    setTimeout(() => void client.destroy(), graceMs).unref()
  })
  const outcome = await forwardStdio({ authority, client: opener })
  const error = 'error' in outcome ? outcome.error : undefined
  if (endedBy === undefined && error !== undefined) voice.fatal(error)
  await client.destroy()
  return endedBy ?? (error === undefined ? exitCodes.ok : exitCodeOf(error))
}

/** Serves a local address until a signal; resolves to the exit code. */
export async function serveListener(
  { authority, client, opener = client }: Served,
  options: Pick<ForwardOptions, 'listen' | 'admission'>,
  voice: Voice,
  onListening: (address: string) => void = () => undefined,
): Promise<number> {
  const words = connectionWords(voice)
  const forward = await startForward({
    ...options,
    authority,
    client: opener,
    report: words.report,
  })
  voice.info(`listening on ${forward.address}`, { addr: forward.address })
  onListening(forward.address)
  await untilEndAsked()
  words.flush()
  voice.info('ending')
  await Promise.all([forward.close(0), client.destroy()])
  return exitCodes.ok
}

/** Resolves at the first signal that asks to end; a second one ends the process at once. */
export async function untilEndAsked(): Promise<void> {
  await new Promise<void>((resolve) => {
    const watch = onEndSignal(() => {
      watch[Symbol.dispose]()
      resolve()
    })
  })
}
