import { exitCodeOfSignal } from './exit-codes.ts'

/** Signals by which a program is asked to end. `ssh` sends SIGHUP to its ProxyCommand. */
export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

const endSignals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

let isAsked = false

/** Whether a signal has asked this program to end: then it waits for nothing any more. */
export function isAskedToEnd(): boolean {
  return isAsked
}

/**
 * Calls back for each signal that asks to end, until disposed; then they have their usual effect. A service for
 * which SIGHUP is no such signal names the others.
 */
export function onEndSignal(
  callback: (signal: EndSignal) => void,
  signals: readonly EndSignal[] = endSignals,
): Disposable {
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      isAsked = true
      callback(signal)
    }
    return [signal, listener] as const
  })
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return {
    [Symbol.dispose]() {
      for (const [signal, listener] of listeners) process.off(signal, listener)
    },
  }
}

/** What a command learns of the signals that ask it to end. */
export interface Ending extends Disposable {
  readonly signal: AbortSignal
  /** Undefined until a signal came. */
  readonly exitCode: number | undefined
}

/** Follows the signals that ask a command to end. */
export function followEndSignals(): Ending {
  const ending = new AbortController()
  let exitCode: number | undefined
  const following = onEndSignal((signal) => {
    exitCode = exitCodeOfSignal(signal)
    ending.abort(new Error('asked to end'))
  })
  return {
    signal: ending.signal,
    get exitCode() {
      return exitCode
    },
    [Symbol.dispose]: () => following[Symbol.dispose](),
  }
}

/**
 * Runs something that a signal may end, and answers the exit code when one did. Signals are caught only
 * meanwhile: afterwards, while a result waits for its reader, they end the process in the usual way.
 */
export async function untilEndSignal<T extends object>(
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | number> {
  using ending = followEndSignals()
  try {
    return await run(ending.signal)
  } catch (error) {
    if (ending.exitCode !== undefined) return ending.exitCode
    throw error
  }
}
