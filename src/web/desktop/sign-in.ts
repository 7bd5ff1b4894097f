import { useState } from 'react'
import type { GatewayInput, SignInAnswer } from '../../desktop/wire/calls.ts'
import { notifyDone, notifyFailed } from '../ui/notify.ts'
import { call } from './call.ts'
import { webLink } from './web-link.ts'
import { words } from './words.ts'

/** Begins a sign-in, and opens its page where the browser lets this page do so. */
export async function beginSignIn(
  input: GatewayInput,
): Promise<SignInAnswer & { readonly isOpened: boolean }> {
  const answer = await call('POST /gateways/sign-in', { input })
  const url = webLink(answer.url)
  return { ...answer, isOpened: url !== undefined && openTab(url) }
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
export function useSignIn(gateway: string): SignIn {
  const [isBusy, setBusy] = useState(false)
  const [blockedUrl, setBlockedUrl] = useState<string>()
  const begin = async (): Promise<void> => {
    setBusy(true)
    try {
      const { url, isOpened } = await beginSignIn({ gateway })
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
