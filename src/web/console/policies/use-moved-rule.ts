import { useEffect, useRef, type RefObject } from 'react'

/** Of the buttons that move a rule up and down. */
export const moveAttribute = 'data-move'

/**
 * Has the keyboard follow a rule that is moved to another place among `rules`: whoever goes on pressing moves the same one.
 * At the end of its way the keyboard is at the button that leads back.
 */
export function useMovedRule(
  rules: readonly unknown[],
): readonly [RefObject<HTMLDivElement | null>, (index: number, by: 1 | -1) => void] {
  const list = useRef<HTMLDivElement>(null)
  const moved = useRef<{ readonly index: number; readonly by: 1 | -1 }>(undefined)
  useEffect(() => {
    if (moved.current === undefined) return
    const { index, by } = moved.current
    moved.current = undefined
    const buttons = [by, -by].map((way) =>
      list.current?.querySelector<HTMLElement>(
        `[${moveAttribute}="${index} ${way}"]:not(:disabled)`,
      ),
    )
    buttons.find(Boolean)?.focus()
  }, [rules])
  return [list, (index, by) => void (moved.current = { index, by })]
}
