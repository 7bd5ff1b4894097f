import { useLayoutEffect, useRef, useState, type RefObject } from 'react'

/** Where an element begins in the page, in pixels, whatever comes and goes above it. */
export function useTopOf(): readonly [RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    const measure = (): void => {
      const rectangle = element.current?.getBoundingClientRect()
      if (rectangle !== undefined) setTop(Math.round(rectangle.top + window.scrollY))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(document.body)
    return () => observer.disconnect()
  }, [])
  return [element, top]
}
