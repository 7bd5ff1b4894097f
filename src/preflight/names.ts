import { isIP } from 'node:net'
import { SystemError, messageOf, systemCode } from '../errors.ts'
import { lookUpAll } from '../net/dial.ts'
import { attempt, type Found } from '../reach/checks.ts'
import { parseAuthority } from '../address.ts'
import { parseFrom } from '../routes/from.ts'
import { named, type Checked, type PreflightCheck, type Trying } from './check.ts'
import { certificateFor } from './host-certificate.ts'

/** A host that clients may ask for. */
interface WantedName {
  readonly host: string
  /** Why it has to work; undefined where clients that know the gateway need no such name. */
  need: string | undefined
  readonly names: string[]
}

/** Tries every name by which clients come: whether it resolves, and which certificate is for it. */
export function nameChecks(trying: Trying): readonly (() => Promise<readonly PreflightCheck[]>)[] {
  return [...wantedIn(trying.config).values()].map(
    (wanted) => async () => checkName(wanted, trying),
  )
}

function wantedIn({ authenticateServiceUrl, routes }: Checked): ReadonlyMap<string, WantedName> {
  const found = new Map<string, WantedName>()
  const want = (host: string, need: string | undefined, name?: string): void => {
    const known = found.get(host) ?? { host, need, names: [] }
    known.need ??= need
    if (name !== undefined) known.names.push(name)
    found.set(host, known)
  }
  if (authenticateServiceUrl !== undefined) {
    const host = authenticateServiceUrl.hostname.replace(/^\[(.*)\]$/, '$1')
    want(host, 'people sign in there ("authenticate_service_url")')
  }
  for (const { name, from, isApplication } of routes) {
    const parsed = parseFrom(from)
    if ('fault' in parsed) continue
    const { gateway, targets } = parsed
    const need = isApplication ? `application ${named([name])} is reached by it` : undefined
    // Clients dial what stands first, and the rest is between them and the gateway.
    if (gateway === undefined) for (const { host } of targets) want(host, need, name)
    else want(parseAuthority(gateway)?.host ?? gateway, `clients of ${named([name])} dial it`, name)
  }
  return found
}

async function checkName(wanted: WantedName, trying: Trying): Promise<readonly PreflightCheck[]> {
  const looked =
    isIP(wanted.host) !== 0 || wanted.host.includes('*') ? undefined : await lookUp(wanted, trying)
  const isFound = looked === undefined || looked.verdict === 'ok'
  // Of a name that nobody needs and that is not there the certificate does not matter.
  if (!isFound && wanted.need === undefined) return [looked]
  return [...(looked === undefined ? [] : [looked]), certificateCheck(wanted, trying)]
}

const otherwiseHint =
  'nothing to do where people are signed in at a gateway that their client knows; else point it to the gateway'

function lookUp(
  { host, need }: WantedName,
  { signal, timeoutMs, lookup, ownAddresses }: Trying,
): Promise<PreflightCheck> {
  const step = { what: 'name', target: host, signal, limitMs: timeoutMs } as const
  return attempt(step, async (limit): Promise<Found> => {
    try {
      const found = (await lookUpAll(host, lookup, limit)).map(({ address }) => address)
      const own = ownAddresses()
      const isHere = found.some((address) => own.includes(address))
      const shown = found.slice(0, maxShown).join(', ')
      const where = isHere
        ? 'this machine'
        : 'no address of this machine, as behind a load balancer or NAT'
      return { detail: `leads to ${shown}: ${where}` }
    } catch (error) {
      limit.throwIfAborted()
      const fault = faultOf(host, error)
      if (need === undefined) return { verdict: 'warning', detail: fault, hint: otherwiseHint }
      const hint =
        'add it to the DNS of its zone, with the address of the gateway or of what is before it'
      throw new SystemError('name-unresolved', `${fault}: ${need}`, { hint, cause: error })
    }
  })
}

/** @limit none: addresses of a name that a check shows */
const maxShown = 4

function faultOf(host: string, error: unknown): string {
  const code = systemCode(error)?.replace(/^DNS_/, '')
  const isMissing = code === 'ENOTFOUND' || code === 'ENODATA'
  return `"${host}" ${isMissing ? 'does not resolve' : `could not be looked up (${code ?? messageOf(error)})`}`
}

/** Sooner than this a certificate should have been renewed, in milliseconds. */
const lateMs = 14 * 86_400_000

function certificateCheck({ host, need }: WantedName, { config, now }: Trying): PreflightCheck {
  const check = { what: 'certificate', target: host } as const
  const found = certificateFor(host, config)
  if (found.kind === 'fetched')
    return { ...check, verdict: 'ok', detail: 'none is given: the gateway fetches it ("autocert")' }
  if (found.kind === 'none') {
    const detail = `none is for "${host}"${need === undefined ? '' : `: ${need}`}`
    const hint = 'have one issued that names it, or set "autocert: true"'
    return need === undefined
      ? {
          ...check,
          verdict: 'warning',
          detail,
          hint: `${hint}; clients that know the gateway need none`,
        }
      : { ...check, verdict: 'failed', detail, hint, code: 'certificate-missing' }
  }
  const { validFromDate, validToDate } = found.certificate
  const moment = validToDate.toISOString()
  if (validFromDate.getTime() > now())
    return failedFor(check, `begins at ${validFromDate.toISOString()}`, validFromDate.toISOString())
  if (validToDate.getTime() <= now()) return failedFor(check, `ended at ${moment}`, moment)
  const isLate = validToDate.getTime() - now() < lateMs
  return isLate
    ? { ...check, verdict: 'warning', detail: `ends at ${moment}`, moment, hint: 'renew it' }
    : { ...check, verdict: 'ok', detail: `is good until ${moment}`, moment }
}

function failedFor(
  check: { readonly what: 'certificate'; readonly target: string },
  detail: string,
  moment: string,
): PreflightCheck {
  const hint = 'renew it, and look at the clock of this machine'
  return { ...check, verdict: 'failed', detail, moment, hint, code: 'certificate-missing' }
}
