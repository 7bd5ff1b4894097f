import type { ConnectorSummary } from '../control/protocol.ts'
import { parseFrom } from '../routes/from.ts'
import { named, type Checked, type PreflightCheck } from './check.ts'
import type { Running } from './running.ts'

/** Who serves routes through connectors: only a gateway that runs knows which of them are here. */
export async function connectorChecks(
  { routes }: Pick<Checked, 'routes'>,
  running: Promise<Running>,
): Promise<readonly PreflightCheck[]> {
  const wanted = new Map<string, { readonly isName: boolean; readonly names: string[] }>()
  for (const { name, from, way } of routes) {
    if (way.kind !== 'connector') continue
    for (const key of way.tunnel === undefined ? hostsOf(from) : [way.tunnel]) {
      const known = wanted.get(key) ?? { isName: way.tunnel === undefined, names: [] }
      known.names.push(name)
      wanted.set(key, known)
    }
  }
  if (wanted.size === 0) return []
  const answer = await running
  return [...wanted].map(([target, { isName, names }]) =>
    judge(target, isName, `for ${names.length === 1 ? 'route' : 'routes'} ${named(names)}`, answer),
  )
}

function hostsOf(from: string): readonly string[] {
  const parsed = parseFrom(from)
  return 'fault' in parsed ? [] : parsed.targets.map(({ host }) => host)
}

function judge(target: string, isName: boolean, of: string, running: Running): PreflightCheck {
  const what = 'connector'
  if (running.state !== 'running') {
    const why = running.state === 'none' ? 'and none runs here' : `and ${running.why}`
    const detail = `only the gateway knows whether one is here, ${why}`
    const hint = 'start the gateway and check again, or look at "postern gateway connectors list"'
    return { what, target, verdict: 'not-tried', detail, hint }
  }
  const serving = running.connectors.filter((one) => serves(one, target, isName))
  const ready = serving.flatMap(({ connections }) => connections).filter((one) => one.ready)
  if (ready.length > 0) {
    const count = ready.length === 1 ? '1 connection' : `${ready.length} connections`
    return { what, target, verdict: 'ok', detail: `is here by ${count}, ${of}` }
  }
  const hint = isName
    ? 'start a connector that publishes the name: "postern tunnel"'
    : `start one beside the service: "postern tunnel run ${target}"`
  const detail = `none is here, ${of}`
  return { what, target, verdict: 'failed', detail, hint, code: 'upstream-unreachable' }
}

function serves(one: ConnectorSummary, target: string, isName: boolean): boolean {
  if (!isName) return one.tunnel === target || one.tunnel_id === target
  return target.includes('*') ? one.hostnames.length > 0 : one.hostnames.includes(target)
}
