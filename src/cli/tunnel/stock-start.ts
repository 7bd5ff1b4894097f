import { resolve } from 'node:path'
import { formatAuthority } from '../../address.ts'
import { keepCredential } from '../../client/publish/credential-directory.ts'
import { SystemError } from '../../errors.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { note, printJson, printLongLine } from '../speech/print.ts'

export interface StockStart {
  readonly name: string
  readonly gateway: string
  readonly token: string
  /** PEM of whom the connector is to trust; an older gateway says nothing of it. */
  readonly connector_ca?: string | undefined
  /** Where that is written. */
  readonly path: string
  readonly service: string | undefined
}

/** One more than it makes connections: with fewer addresses it makes fewer, and with one it never waits. */
const edgeEntries = 5

/**
 * Says how to start a stock cloudflared as a connector, old or new: by variables, of which any version passes
 * over what it does not know, where it ends at an option.
 */
export async function printStockStart(
  { name, gateway, token, connector_ca: ca, path, service }: StockStart,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  if (ca === undefined)
    throw new SystemError('gateway-too-old', 'this gateway takes no stock connectors')
  await keepCredential(path, ca)
  note(`whom the connectors of "${name}" are to trust is in "${path}"`)
  const environment = {
    TUNNEL_EDGE: Array(edgeEntries)
      .fill(formatAuthority(parseGatewayUrl(gateway)))
      .join(','),
    TUNNEL_CACERT: resolve(path),
    TUNNEL_TOKEN: token,
    TUNNEL_TRANSPORT_PROTOCOL: 'http2',
    TUNNEL_NO_PRECHECKS: 'true',
  }
  const url = service === undefined ? ['--url', 'tcp://localhost:PORT'] : []
  const command = ['cloudflared', 'tunnel', ...url, 'run']
  if (json) return printJson({ name, environment, command })
  const words = Object.entries(environment).map(([key, value]) => `${key}=${quote(value)}`)
  printLongLine([...words, ...command].join(' '))
}

/** For a shell. */
function quote(text: string): string {
  return /^[\w./:,=+@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
