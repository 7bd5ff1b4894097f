import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { notifyDone, notifyFailed } from './notify.ts'

/** Something that somebody does by a button. */
export interface Act {
  /** Does it; resolves to what it has done, in words: `Ended 3 tunnels`. Undefined for nothing yet. */
  readonly run: () => Promise<string | undefined>
  /** What it means that it failed: `The session was not ended`. */
  readonly failed: string
  /** Lists that are asked for again then, whether it was done or not. */
  readonly changes: readonly string[]
}

/** Does things and says how they went; `isBusy` while one of them is under way. */
export function useAct(): { readonly act: (what: Act) => Promise<boolean>; isBusy: boolean } {
  const client = useQueryClient()
  const [underWay, setUnderWay] = useState(0)
  const act = useCallback(
    async ({ run, failed, changes }: Act): Promise<boolean> => {
      setUnderWay((count) => count + 1)
      try {
        const done = await run()
        if (done !== undefined) notifyDone(done)
        return true
      } catch (error) {
        notifyFailed(failed, error)
        return false
      } finally {
        setUnderWay((count) => count - 1)
        for (const kind of changes) void client.invalidateQueries({ queryKey: [kind] })
      }
    },
    [client],
  )
  return { act, isBusy: underWay > 0 }
}
