import { AccessError } from '../errors.ts'
import { formatDuration } from '../clock.ts'
import { callbackPathOf } from '../identity/callback-path.ts'
import { operatorHint } from '../identity/provider-failures.ts'
import { tryProvider, type ProviderTrial } from '../identity/try-provider.ts'
import { attempt } from '../reach/checks.ts'
import type { Checked, PreflightCheck, Trying } from './check.ts'

type Provider = Checked['identityProviders'][number]

/** @limit none: by more than this tokens are refused, see `provider.ts` */
const maxClockMs = 60_000
/** By more than this somebody should look, before it is that much. */
const oddClockMs = 10_000

/** Tries one provider: its metadata, whether it knows this gateway, and what time it has. */
export async function checkProvider(
  provider: Provider,
  { config, signal, timeoutMs }: Trying,
): Promise<readonly PreflightCheck[]> {
  const { authenticateServiceUrl: origin } = config
  const target = provider.url.href
  let trial: ProviderTrial | undefined
  const redirectUri = new URL(callbackPathOf(provider.id), origin ?? 'https://localhost')
  // Its metadata, and then what it says of the client and of the address.
  const limitMs = 3 * timeoutMs
  const found = await attempt({ what: 'provider', target, signal, limitMs }, async (limit) => {
    trial = await tryProvider(provider, redirectUri, limit)
    return { detail: 'says what a sign-in needs to know' }
  }).then((check) => hinted(check, provider))
  if (trial === undefined) return [found]
  return [
    found,
    clientCheck(trial, provider),
    redirectCheck(trial, redirectUri.href, provider),
    ...clockChecks(trial, target),
  ]
}

/** What it threw is told to people who sign in; whoever runs the gateway is told what to look at. */
function hinted(check: PreflightCheck, { keyPrefix: keys }: Provider): PreflightCheck {
  if (check.verdict !== 'failed') return check
  const hint = `check "${keys}provider_url" letter by letter, and that this machine reaches it`
  return { ...check, code: check.code ?? 'provider-unavailable', hint }
}

function clientCheck({ client }: ProviderTrial, provider: Provider): PreflightCheck {
  const { clientId: target } = provider
  if (client instanceof AccessError) {
    const { message: detail, code } = client
    const hint = operatorHint(client, provider)
    return { what: 'client', target, verdict: 'failed', detail, code, hint }
  }
  return client === 'accepted'
    ? { what: 'client', target, verdict: 'ok', detail: 'the provider takes its secret' }
    : {
        what: 'client',
        target,
        verdict: 'not-tried',
        detail: 'the provider does not say without a sign-in whether it takes its secret',
      }
}

function redirectCheck(
  { redirect }: ProviderTrial,
  target: string,
  provider: Provider,
): PreflightCheck {
  const check = { what: 'redirect', target } as const
  if (redirect instanceof AccessError) {
    const { message: detail, code } = redirect
    // About scopes and the client the settings are named; about the address what to do there.
    const isOfAddress = detail.includes(target)
    const hint = isOfAddress ? redirect.hint : operatorHint(redirect, provider)
    return { ...check, verdict: 'failed', detail, code, hint }
  }
  return redirect === 'accepted'
    ? { ...check, verdict: 'ok', detail: 'the provider sends browsers back there' }
    : {
        ...check,
        verdict: 'not-tried',
        detail: 'the provider does not say without a sign-in whether it sends browsers back there',
        hint: `see that "${target}" is registered there`,
      }
}

function clockChecks({ clockAheadMs }: ProviderTrial, target: string): readonly PreflightCheck[] {
  if (clockAheadMs === undefined) return []
  const byMs = Math.abs(clockAheadMs)
  if (byMs <= oddClockMs) {
    const detail = 'that of the provider and that of this machine agree'
    return [{ what: 'clock', target, verdict: 'ok', detail }]
  }
  const side = clockAheadMs > 0 ? 'behind' : 'ahead of'
  const isFailed = byMs > maxClockMs
  const detail = `this machine is ${formatDuration(byMs)} ${side} the provider${isFailed ? ': its tokens are refused' : ''}`
  const hint = 'have this machine take its time from the network (NTP)'
  return [
    isFailed
      ? { what: 'clock', target, verdict: 'failed', detail, hint, code: 'provider-invalid' }
      : { what: 'clock', target, verdict: 'warning', detail, hint },
  ]
}
