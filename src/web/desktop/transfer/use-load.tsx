import { useState } from 'react'
import type { GatewayInput, ImportAnswer } from '../../../desktop/wire/calls.ts'
import { useConfirm } from '../../ui/confirm.tsx'
import { notifyDone, notifyFailed } from '../../ui/notify.ts'
import { call, DaemonFault } from '../call.ts'
import { describe } from '../problems.ts'
import { useOnward } from '../use-onward.ts'
import { words } from '../words.ts'

const { load: said } = words

export interface Load {
  /** Makes connections of routes and has them up. */
  readonly load: (routes: readonly string[], tags: readonly string[]) => Promise<void>
  readonly isBusy: boolean
  /** Why nothing was loaded. */
  readonly fault: string | undefined
}

export function useLoad(input: GatewayInput): Load {
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  const confirm = useConfirm()
  const onward = useOnward()

  const load = async (routes: readonly string[], tags: readonly string[]): Promise<void> => {
    const wanted = { ...input, routes: [...routes], tags: [...tags] }
    setBusy(true)
    setFault(undefined)
    try {
      const trial = await call('POST /gateways/load', { input: { ...wanted, is_trial: true } })
      if (trial.faults.length > 0) return setFault(trial.faults.map(describe).join(' '))
      if (trial.removed.length > 0) {
        const { removeTitle: title, removeBody, removeAction: action } = said
        if ((await confirm({ title, body: removeBody(trial.removed), action })) === undefined)
          return
      }
      const answer = await call('POST /gateways/load', { input: wanted })
      if (answer.faults.length > 0) return setFault(answer.faults.map(describe).join(' '))
      await connect(answer)
      onward('/')
    } catch (error) {
      setFault(error instanceof DaemonFault ? describe(hinted(error)) : String(error))
    } finally {
      setBusy(false)
    }
  }
  return { load, isBusy, fault }
}

/** They are there now, whether they can be had up or not: that is said in the list. */
async function connect({ added, updated }: ImportAnswer): Promise<void> {
  notifyDone(said.loaded(added.length, updated.length))
  const connections = [...added, ...updated]
  if (connections.length === 0) return
  await call('POST /up', { input: { connections } }).catch((error: unknown) =>
    notifyFailed(words.first.connectFailed, error),
  )
}

function hinted({ message, hint }: DaemonFault): { message: string; hint?: string } {
  return hint === undefined ? { message } : { message, hint }
}
