import { oneByOne } from '../../one-by-one.ts'
import type { Closable } from '../../shutdown.ts'
import type { BrowserView, WindowInput } from '../wire/calls.ts'
import type { WindowAnswer } from '../wire/proof.ts'
import {
  forgetWindow,
  startWindowServer,
  type WindowServer,
  type WindowServerOptions,
} from './window-server.ts'

/** The daemon's window, whether or not its server could be started. */
export interface Window extends Closable {
  /** @throws SystemError `window-address-in-use`, … It is tried again by `open`. */
  start(): Promise<void>
  /** `POST /window`. @throws as `start` */
  open(input: WindowInput): Promise<WindowAnswer>
  /** `GET /browsers` */
  browsers(): readonly BrowserView[]
  /** `DELETE /browsers/:id`; false where there is none. */
  revoke(id: string): Promise<boolean>
}

export function createWindow(options: WindowServerOptions): Window {
  let server: WindowServer | undefined
  /** Two starts would have two ports. */
  const inTurn = oneByOne()
  let isClosed = false

  async function ensure(): Promise<WindowServer> {
    if (isClosed) throw new Error('the window is closed')
    return (server ??= await startWindowServer(options))
  }

  async function move(): Promise<void> {
    await server?.close(0)
    server = undefined
    await forgetWindow(options)
  }

  return {
    start: () => inTurn(async () => void (await ensure())),
    open: ({ new_address: isMoved = false }) =>
      inTurn(async () => {
        if (isMoved) await move()
        return (await ensure()).address()
      }),
    browsers: () => server?.browsers() ?? [],
    revoke: async (id) => (await server?.revoke(id)) ?? false,
    close: (graceMs) =>
      inTurn(async () => {
        isClosed = true
        await server?.close(graceMs)
      }),
  }
}
