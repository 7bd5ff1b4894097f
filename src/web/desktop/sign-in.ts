import { useState } from 'react'
import type { SessionInput, SignInAnswer, SignInInput } from '../../desktop/wire/calls.ts'
import { notifyDone, notifyFailed } from '../ui/notify.ts'
import { call } from './call.ts'
import { daemonNow } from './live.ts'
import { webLink } from './web-link.ts'
import { words } from './words.ts'

/** How a gateway is reached that is in use: as a connection of it, first of all one that waits for a sign-in. */
export function sessionOf(gateway: string, connection?: string): SessionInput {
  const known = daemonNow()?.connections.filter((one) => one.gateway === gateway) ?? []
  const waiting = known.find(({ state }) => state === 'sign-in-needed') ?? known[0]
  const id = connection ?? waiting?.id
  return { gateway, ...(id !== undefined && { connection: id }) }
}

/** Begins a sign-in, and opens its page where the daemon has not, and the browser lets this page do so. */
export async function beginSignIn(
  input: SignInInput,
): Promise<SignInAnswer & { readonly isOpened: boolean }> {
  const answer = await call('POST /gateways/sign-in', { input })
  const url = webLink(answer.url)
  return { ...answer, isOpened: url !== undefined && (answer.is_open === true || openTab(url)) }
}

/** What is opened cannot reach back to this page. */
function openTab(url: string): boolean {
  const tab = window.open(url, '_blank')
  if (tab === null) return false
  tab.opener = null
  return true
}

export interface SignIn {
  readonly begin: () => void
  readonly isBusy: boolean
  /** The page to open by hand, where the browser kept it from opening. */
  readonly blockedUrl: string | undefined
}

/** Signs in at a gateway that connections use already, or renews the session there. */
export function useSignIn(gateway: string, connection?: string, isRenewal = false): SignIn {
  const [isBusy, setBusy] = useState(false)
  const [blockedUrl, setBlockedUrl] = useState<string>()
  const begin = async (): Promise<void> => {
    setBusy(true)
    try {
      const { url, isOpened } = await beginSignIn({
        ...sessionOf(gateway, connection),
        is_renewal: isRenewal,
      })
      setBlockedUrl(isOpened ? undefined : webLink(url))
      if (url === undefined) notifyDone(words.signIn.renewed(gateway))
    } catch (error) {
      notifyFailed(words.signIn.failed, error)
    } finally {
      setBusy(false)
    }
  }
  return { begin: () => void begin(), isBusy, blockedUrl }
}
