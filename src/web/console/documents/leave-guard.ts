import { useEffect } from 'react'

/** Forms that hold something unsaved now. */
const unsaved = new Set<object>()

/** Whether something would be left unsaved. */
export function hasUnsaved(): boolean {
  return unsaved.size > 0
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
