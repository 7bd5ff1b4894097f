import type { Socket } from 'node:net'
import { formatAuthority } from '../../address.ts'
import { AppError, systemCode, UpstreamError } from '../../errors.ts'
import { dial } from '../../net/dial.ts'
import { isNotTls } from '../../net/runtime.ts'
import { attempt, checkAddresses } from '../../reach/checks.ts'
import { hearOn } from '../../reach/hear.ts'
import { withoutTls } from '../../reach/heard-words.ts'
import { dialThroughProxy, findProxy, type Proxy } from '../../reach/proxy.ts'
import { isUnknownIssuer, tlsError } from '../../reach/tls-error.ts'
import { lookAtTls, type SeenTls } from '../../reach/tls-look.ts'
import { allAuthorities, firstAuthorities } from '../../reach/trust.ts'
import { faultError, judgeCertificate } from './certificate.ts'
import type { DoctorCheck, DoctorStep, Examination } from './options.ts'

/** The steps of the way to the gateway, the ones of its addresses first. */
export async function* checkNetwork(parts: Examination): AsyncGenerator<DoctorCheck> {
  const { gateway, signal, lookup, limits } = parts
  const named = nameProxy(parts)
  if (named instanceof AppError) {
    for (const what of ['dns', 'tcp'] as const) yield untried(what)
    yield await attempt(stepOf('proxy', '', limits.proxyMs, signal), () => Promise.reject(named))
    return
  }
  const target = named ?? gateway
  let isReached = false
  for await (const check of checkAddresses({
    target,
    signal,
    lookup,
    timeoutMs: limits.addressMs,
    whose: named === undefined ? 'gateway' : 'proxy',
  })) {
    yield check
    isReached ||= check.what === 'tcp' && check.verdict === 'ok'
  }
  if (!isReached) return
  const proxy = await checkProxy(named, parts)
  yield proxy
  if (proxy.verdict === 'failed') return
  if (!gateway.isTls) {
    for (const what of ['tls', 'certificate'] as const)
      yield { ...untried(what), detail: 'the gateway is on this machine, and asked without TLS' }
    return
  }
  yield* checkTls(named, parts)
}

/** A step that nothing was done for. */
export function untried(what: DoctorStep): DoctorCheck {
  return { what, target: '', verdict: 'not-tried', detail: '', ms: 0 }
}

function stepOf(what: DoctorStep, target: string, limitMs: number, signal: AbortSignal) {
  return { what, target, limitMs, signal }
}

function nameProxy({ gateway, proxies = {} }: Examination): Proxy | AppError | undefined {
  try {
    return findProxy(gateway, proxies)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
}

async function checkProxy(proxy: Proxy | undefined, parts: Examination): Promise<DoctorCheck> {
  const { gateway, limits, signal, trust } = parts
  if (proxy === undefined) {
    const detail = exemption(parts) ?? 'none is named'
    return { what: 'proxy', target: '', verdict: 'ok', detail, ms: 0 }
  }
  const name = formatAuthority(proxy)
  const onSilence = new UpstreamError(
    'proxy-unreachable',
    `the proxy "${name}" takes the connection, and gives no answer`,
    { hint: `${proxy.variable} names it: check its name and port, or ask whoever runs it` },
  )
  const step = { ...stepOf('proxy', name, limits.proxyMs, signal), onSilence }
  return attempt(step, async (limit) => {
    const socket = await dialThroughProxy(proxy, { gateway, trust, signal: limit })
    socket.destroy()
    return { detail: `${proxy.variable} names it; it connects to "${formatAuthority(gateway)}"` }
  })
}

/** Why a proxy that is named is not used; undefined where none is. */
function exemption({ gateway, proxies = {} }: Examination): string | undefined {
  const rest = Object.fromEntries(
    Object.entries(proxies).filter(([name]) => name.toLowerCase() !== 'no_proxy'),
  )
  const proxy = findProxy(gateway, rest)
  return proxy && `NO_PROXY exempts "${gateway.host}" from the proxy of ${proxy.variable}`
}

/** One connection shows what both steps are about; the second is made only for a certificate from elsewhere. */
async function* checkTls(
  proxy: Proxy | undefined,
  parts: Examination,
): AsyncGenerator<DoctorCheck> {
  const { gateway, trust, signal, limits, lookup } = parts
  const target = formatAuthority(gateway)
  const open = (limit: AbortSignal): Promise<Socket> =>
    proxy === undefined
      ? dial(
          { host: gateway.host, port: gateway.port },
          { signal: limit, ...(lookup && { lookup }) },
        )
      : dialThroughProxy(proxy, { gateway, trust, signal: limit })
  const look = async (authorities: { ca?: string[] }, limit: AbortSignal): Promise<SeenTls> => {
    const protocols = ['h2', 'http/1.1']
    const options = { peer: gateway, trust, authorities, protocols, timeoutMs: limits.tlsMs }
    return lookAtTls(await open(limit), { ...options, signal: limit })
  }

  let seen: SeenTls | undefined
  // Time to connect, and to listen to a stranger, come on top.
  const limitMs = limits.tlsMs + limits.addressMs
  yield await attempt(stepOf('tls', target, limitMs, signal), async (limit) => {
    seen = await look(firstAuthorities(trust), limit).catch(async (error: unknown) => {
      throw await explainTls(error, proxy, parts, () => open(limit))
    })
    const { version, cipher, keyExchange, protocol } = seen
    const facts = [version, cipher, keyExchange, protocol === 'h2' ? 'HTTP/2' : 'HTTP/1.1']
    return { detail: facts.filter((fact) => fact !== undefined).join(', ') }
  })
  if (seen === undefined) return
  const first = seen
  yield await attempt(stepOf('certificate', target, limitMs, signal), async (limit) => {
    const isGiven = trust.extraCa.length > 0
    let { fault, certificates: chain } = first
    let voucher = isGiven
      ? 'the authority that was given vouches for it'
      : 'a public authority vouches for it'
    if (trust.isVerified && fault !== undefined && isUnknownIssuer(faultError(fault))) {
      ;({ fault, certificates: chain } = await look(allAuthorities(trust), limit))
      voucher = "an authority of this machine's store vouches for it"
    }
    const { isVerified } = trust
    return judgeCertificate({ gateway, chain, fault, voucher, isVerified, nowMs: parts.now() })
  })
}

/** What a failed handshake says, with the name of whoever speaks something else. */
async function explainTls(
  error: unknown,
  proxy: Proxy | undefined,
  { gateway, signal }: Examination,
  open: () => Promise<Socket>,
): Promise<unknown> {
  if (error instanceof AppError) return error
  const told = tlsError(gateway, error)
  if (isNotTls(error) || systemCode(error) === 'ECONNRESET') {
    const heard = await hearOn(open, { gateway, signal })
    if (isNotTls(error) || heard.kind === 'http' || heard.kind === 'words') {
      return withoutTls(gateway, heard, error)
    }
  }
  if (proxy === undefined || systemCode(error) !== 'ETIMEDOUT') return told
  const name = formatAuthority(proxy)
  return new UpstreamError(told.code, told.message, {
    hint: `the proxy "${name}" of ${proxy.variable} says that it connects, and passes nothing on: ask whoever runs it`,
    cause: error,
  })
}
