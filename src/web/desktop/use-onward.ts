import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

/** Leads on from a view once what it was asked for is done: whoever has gone elsewhere meanwhile stays there. */
export function useOnward(): (path: string) => void {
  const [, navigate] = useLocation()
  const isShown = useRef(false)
  useEffect(() => {
    isShown.current = true
    return () => {
      isShown.current = false
    }
  }, [])
  return (path) => {
    if (isShown.current) navigate(path)
  }
}
