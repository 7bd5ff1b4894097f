import { useCallback } from 'react'
import { useAnnounce } from '../ui/announce.tsx'
import { copyText } from '../ui/copy-text.ts'
import { notifyFailed } from '../ui/notify.ts'
import { words } from './words.ts'

/** Copies a text and says so; resolves to whether it could. */
export function useCopy(): (text: string, what: string) => Promise<boolean> {
  const announce = useAnnounce()
  return useCallback(
    async (text, what) => {
      const isCopied = await copyText(text)
      if (isCopied) announce(words.actions.copied(what))
      else notifyFailed(words.actions.notCopied, new Error(text))
      return isCopied
    },
    [announce],
  )
}
