import { useState } from 'react'
import type { Calls, SessionInput, SignInInput } from '../../desktop/wire/calls.ts'
import { notifyDone, notifyFailed } from '../ui/notify.ts'
import { call } from './call.ts'
import { daemonNow, useDaemon } from './live.ts'
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
): Promise<Calls['POST /gateways/sign-in']['answer'] & { readonly isOpened: boolean }> {
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
  /** The gateway's page, while the sign-in goes on: it may be open in another browser, or none could be opened. */
  readonly page: { readonly url: string; readonly isOpened: boolean } | undefined
}

/** Signs in at a gateway that connections use already, or renews the session there. */
export function useSignIn(gateway: string, connection?: string, isRenewal = false): SignIn {
  const [isBusy, setBusy] = useState(false)
  const [page, setPage] = useState<SignIn['page']>()
  const underWay = useDaemon().gateways.find(({ origin }) => origin === gateway)?.sign_in_url
  const begin = async (): Promise<void> => {
    setBusy(true)
    try {
      const { url, isOpened } = await beginSignIn({
        ...sessionOf(gateway, connection),
        is_renewal: isRenewal,
      })
      const link = webLink(url)
      setPage(link === undefined ? undefined : { url: link, isOpened })
      if (url === undefined) notifyDone(words.signIn.renewed(gateway))
    } catch (error) {
      notifyFailed(words.signIn.failed, error)
    } finally {
      setBusy(false)
    }
  }
  return {
    begin: () => void begin(),
    isBusy,
    page: page?.url === webLink(underWay) ? page : undefined,
  }
}
