import { formatAuthority } from '../address.ts'
import { UpstreamError, messageOf } from '../errors.ts'
import { dial } from '../net/dial.ts'
import { attempt } from '../reach/checks.ts'
import type { DialledWay, Upstream } from '../routes/upstream-way.ts'
import { addressGuard } from '../upstream/dialled.ts'
import { secure } from '../upstream/open-next-gateway.ts'
import { named, type PreflightCheck, type Trying } from './check.ts'

/** What is dialled, once for all routes that lead there. */
interface Dialled {
  readonly upstream: Upstream
  readonly way: DialledWay
  readonly ids: string[]
  readonly names: string[]
}

/** Tries to reach what each route leads to; nothing is sent to a service. */
export function upstreamChecks(
  trying: Trying,
): readonly (() => Promise<readonly PreflightCheck[]>)[] {
  return [...dialledIn(trying).values()].map((dialled) => async () => [
    await checkUpstream(dialled, trying),
  ])
}

function dialledIn({ config }: Trying): ReadonlyMap<string, Dialled> {
  const found = new Map<string, Dialled>()
  for (const { id, name, way } of config.routes) {
    if (way.kind === 'connector') continue
    for (const upstream of way.to) {
      const key = `${way.kind} ${way.allowsMetadataAddress} ${formatAuthority(upstream)}`
      // Two next gateways at one address may be trusted by different authorities.
      const own = way.kind === 'direct' ? key : `${key} ${id}`
      const known = found.get(own) ?? { upstream, way, ids: [], names: [] }
      known.ids.push(id)
      known.names.push(name)
      found.set(own, known)
    }
  }
  return found
}

async function checkUpstream(
  { upstream, way, ids, names }: Dialled,
  { config, signal, timeoutMs, lookup }: Trying,
): Promise<PreflightCheck> {
  const target = formatAuthority(upstream)
  const of = `for ${names.length === 1 ? 'route' : 'routes'} ${named(names)}`
  const limitMs = way.kind === 'direct' ? timeoutMs + 1_000 : 2 * timeoutMs
  return attempt({ what: 'upstream', target, signal, limitMs }, async (limit) => {
    const allowAddress = addressGuard(upstream, way)
    try {
      const socket = await dial(upstream, { signal: limit, timeoutMs, allowAddress, lookup })
      socket.on('error', () => undefined)
      try {
        if (way.kind === 'next-gateway' && way.tls !== undefined)
          (await secure(socket, way.tls, { gateway: upstream }, limit)).destroy()
      } finally {
        socket.destroy()
      }
    } catch (error) {
      const [place] = config.fileRoutes.filter((route) => ids.includes(route.id))
      const where = place === undefined ? 'of the route' : `of the route at ${place.place}`
      throw new UpstreamError('upstream-unreachable', `${messageOf(error)}, ${of}`, {
        hint: `start the service, let this machine reach it, or mend "to" ${where}`,
        cause: error,
      })
    }
    return { detail: `answers, ${of}` }
  })
}
