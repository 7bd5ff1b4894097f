import type { Which } from '../wire/calls.ts'
import type { DaemonView } from '../wire/view.ts'

/** What a tray shows, and what it can be told to do. */
export interface TrayModel {
  view(): Pick<DaemonView, 'connections' | 'gateways'>
  /** Brings connections up, or takes them down; what does not work shows in `view()`. Must not throw. */
  up(which: Which): void
  down(which: Which): void
  openWindow(): void
  quit(): void
  /** Calls back when `view()` may say something else, until disposed. */
  onChange(listener: () => void): Disposable
}

/** Said where there is no tray. */
export const windowHint =
  'the window opens from the menu of applications, or with "postern desktop"'
