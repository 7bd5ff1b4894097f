import { z } from 'zod'
import { AppError, UpstreamError, messageOf } from '../errors.ts'
import type { AcmeSettings } from '../acme/settings.ts'
import { attempt, type Found } from '../reach/checks.ts'
import type { PreflightCheck, Trying } from './check.ts'

/** Tries the authority that certificates are fetched from: its directory. No account is made there. */
export function authorityChecks(
  trying: Trying,
): readonly (() => Promise<readonly PreflightCheck[]>)[] {
  const { autocert } = trying.config
  return autocert === undefined ? [] : [async () => [await checkAuthority(autocert, trying)]]
}

function checkAuthority(
  settings: AcmeSettings,
  { signal, timeoutMs }: Trying,
): Promise<PreflightCheck> {
  const { origin, pathname } = new URL(settings.directoryUrl)
  const target = origin + pathname
  const step = { what: 'authority', target, signal, limitMs: timeoutMs + 1_000 } as const
  return attempt(step, async (limit) => {
    const { readDirectory } = await import('../acme/acme-client.ts')
    const options = { ...settings, signal: limit, answerTimeoutMs: timeoutMs }
    return judge(await readDirectory(options).catch(fail), settings)
  })
}

/** What the library threw says why, and the fault about it when to ask again. */
function fail(fault: unknown): never {
  const cause = fault instanceof Error ? fault.cause : undefined
  const code = cause instanceof AppError ? cause.code : 'authority-unreachable'
  throw new UpstreamError(code, messageOf(fault), {
    hint: 'check "autocert_ca" letter by letter, that this machine reaches it, and "autocert_trusted_ca" for one of your own',
    cause: fault,
  })
}

/** What is read of it (RFC 8555 §7.1.1). */
const directory = z.object({
  newNonce: z.string(),
  newAccount: z.string(),
  newOrder: z.string(),
  meta: z.optional(z.object({ externalAccountRequired: z.optional(z.boolean()) })),
})

function judge(answer: unknown, { externalAccount }: AcmeSettings): Found {
  const { success, data } = directory.safeParse(answer)
  if (!success)
    throw new UpstreamError('authority-invalid', 'what it answers is no ACME directory', {
      hint: 'check "autocert_ca": it is the URL of the directory itself',
    })
  if (data.meta?.externalAccountRequired === true && externalAccount === undefined)
    return {
      verdict: 'warning',
      detail: 'takes only customers that it knows already (external account)',
      hint: 'give "autocert_eab_key_id" and "autocert_eab_mac_key", unless this gateway has an account there',
    }
  return { detail: 'says what fetching a certificate needs to know' }
}
