/** Signals by which a program is asked to end. `ssh` sends SIGHUP to its ProxyCommand. */
export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

const endSignals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Calls back for each signal that asks to end, until disposed; then they have their usual effect. */
export function onEndSignal(callback: (signal: EndSignal) => void): Disposable {
  const listeners = endSignals.map((signal) => [signal, () => callback(signal)] as const)
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return {
    [Symbol.dispose]() {
      for (const [signal, listener] of listeners) process.off(signal, listener)
    },
  }
}
