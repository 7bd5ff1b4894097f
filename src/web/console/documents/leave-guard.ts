import { useEffect } from 'react'

/** Forms that hold something unsaved now. */
const unsaved = new Set<object>()

/** Whether something would be left unsaved. */
export function hasUnsaved(): boolean {
  return unsaved.size > 0
}

/** What was unsaved is saved, or is to be forgotten: nobody is asked about it. */
export function forgetUnsaved(): void {
  unsaved.clear()
}

/** While it is true, the browser asks before it closes or leaves the page. */
export function useUnsaved(isUnsaved: boolean): void {
  useEffect(() => {
    if (!isUnsaved) return undefined
    const token = {}
    unsaved.add(token)
    window.addEventListener('beforeunload', askFirst)
    return () => {
      unsaved.delete(token)
      window.removeEventListener('beforeunload', askFirst)
    }
  }, [isUnsaved])
}

function askFirst(event: BeforeUnloadEvent): void {
  event.preventDefault()
}
