import { useEffect, useSyncExternalStore } from 'react'

/** Forms that hold something unsaved now. */
const unsaved = new Set<{ readonly isKept: boolean }>()
const listeners = new Set<() => void>()

/** Whether something would be left unsaved. */
export function hasUnsaved(): boolean {
  return unsaved.size > 0
}

/** Whether some of it would be lost as well. */
export function hasUnkept(): boolean {
  return [...unsaved].some(({ isKept }) => !isKept)
}

/** What was unsaved is saved, or is to be forgotten: nobody is asked about it. */
export function forgetUnsaved(): void {
  unsaved.clear()
  tell()
}

/** The same, for a page that depends on it. */
export function useHasUnsaved(): boolean {
  return useSyncExternalStore(subscribe, hasUnsaved)
}

/**
 * While it is true, the browser asks before it closes or leaves the page; `isKept` says that another view of this
 * page can be visited meanwhile, and nothing is lost.
 */
export function useUnsaved(isUnsaved: boolean, isKept: boolean): void {
  useEffect(() => {
    if (!isUnsaved) return undefined
    const token = { isKept }
    unsaved.add(token)
    tell()
    window.addEventListener('beforeunload', askFirst)
    return () => {
      unsaved.delete(token)
      tell()
      window.removeEventListener('beforeunload', askFirst)
    }
  }, [isUnsaved, isKept])
}

function tell(): void {
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function askFirst(event: BeforeUnloadEvent): void {
  event.preventDefault()
}
