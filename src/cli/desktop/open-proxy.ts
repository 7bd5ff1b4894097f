import { resolve } from 'node:path'
import type { DaemonClient } from '../../desktop/api/ask-daemon.ts'
import { proxyPassword } from '../../desktop/proxy/proxy-password.ts'
import type { ProxyView } from '../../desktop/wire/view.ts'
import { note, printJson, printLongLine } from '../speech/print.ts'
import { desktopPlaces } from './places.ts'

/**
 * Opens a local proxy and prints how programs name it: for a port with the user and the password, which the daemon tells
 * nobody; they are in a file that this user alone can read.
 */
export async function openProxy(
  client: DaemonClient,
  listen: string,
  { proxyGateway, json }: { readonly proxyGateway?: string; readonly json?: true },
): Promise<void> {
  const view = await client.ask('POST /proxies', {
    listen: fromHere(listen),
    ...(proxyGateway !== undefined && { gateway: proxyGateway }),
  })
  const url = await urlOf(view)
  if (json === true) return printJson({ proxy: { ...view, url } })
  note(`every route of ${view.gateway} by HTTP and SOCKS 5 on ${view.address}`)
  printLongLine(url)
}

/** The daemon has a working directory of its own. */
function fromHere(listen: string): string {
  const path = listen.startsWith('unix:') ? listen.slice('unix:'.length) : ''
  return path === '' ? listen : `unix:${resolve(path)}`
}

/** As `curl` and `HTTPS_PROXY` take it; a Unix socket as `curl` alone does. */
async function urlOf({ address }: ProxyView): Promise<string> {
  if (address.startsWith('unix:')) return `socks5h://localhost${address.slice('unix:'.length)}`
  const { user, password } = await proxyPassword(desktopPlaces().directory)
  return `http://${user}:${password}@${address}`
}
