import { chosenDefault } from '../../client/gateways/choose-gateway.ts'
import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import { parseListenAddress } from '../../client/serve/listen-address.ts'
import { PeerError, SystemError } from '../../errors.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { proxyPassword } from '../proxy/proxy-password.ts'
import type { Daemon } from '../running/daemon-types.ts'
import type { TrustSettings } from '../gateways/links.ts'
import { gatewayNamed } from '../gateways/named-gateway.ts'
import { proxyInput } from '../wire/calls.ts'
import { ask, row, type Row } from './rows.ts'

/** Calls about local proxies, whose password is kept in `directory`; a page has none of them. */
export function proxyRows(daemon: Daemon, directory: string): readonly Row[] {
  return [
    row('POST /proxies', proxyInput, async ({ listen: text, gateway: named }) => {
      const listen = parseListenAddress(text)
      if (listen.kind === 'stdio') throw notAnAddress(text)
      const { gateway, trust } = await gatewayFor(daemon, named, await daemon.remembered())
      const password = listen.kind === 'tcp' ? await proxyPassword(directory) : undefined
      return daemon.openProxy({ listen, gateway, trust, password })
    }),
    ask('DELETE /proxies', async () => ({ removed: await daemon.closeProxies() })),
  ]
}

function notAnAddress(text: string): SystemError {
  return new SystemError('invalid-listen-address', `"${text}" is no address for a local proxy`, {
    hint: 'write "127.0.0.1:PORT" or "unix:PATH"',
  })
}

interface Reached {
  readonly gateway: GatewayAddress
  readonly trust: TrustSettings
}

const plainTrust: TrustSettings = { disable_tls_verification: false }

/** The one that is named, trusted as connections of it do, or the only one that there is; without one the default one. */
async function gatewayFor(
  daemon: Daemon,
  named: string | undefined,
  remembered: KnownGateways,
): Promise<Reached> {
  const known = new Map<string, Reached>()
  for (const { saved, checked } of daemon.all()) {
    const gateway = checked?.destination?.gateway
    if (gateway === undefined || known.has(gateway.origin)) continue
    known.set(gateway.origin, { gateway, trust: saved })
  }
  if (named !== undefined) {
    const gateway = await gatewayNamed(named, plainTrust, remembered)
    return known.get(gateway.origin) ?? { gateway, trust: plainTrust }
  }
  const [only, ...others] = known.values()
  const hint = 'name it: "--proxy-gateway https://gateway.example.com"'
  if (only === undefined) {
    const standard = chosenDefault(remembered)
    if (standard !== undefined) return { gateway: standard.gateway, trust: plainTrust }
    const message = 'no connection says which gateway the local proxy is for'
    throw new SystemError('gateway-missing', message, { hint })
  }
  if (others.length === 0) return only
  const message = 'your connections are of several gateways, and the local proxy is for one'
  throw new PeerError('gateway-ambiguous', message, { hint })
}
