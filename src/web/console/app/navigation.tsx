import { Button } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { useViews } from './use-views.ts'

/** Where one can go. On a narrow screen it is folded away behind a button. */
export function Navigation(): ReactNode {
  const [location] = useLocation()
  const [isOpen, setOpen] = useState(false)
  const views = useViews()
  useEffect(() => setOpen(false), [location])
  const shown = views.filter(({ title }) => title !== undefined)
  const under = views.find(({ path }) => path === location)?.under ?? location
  const current = shown.find(({ path }) => isWithin(under, path))
  return (
    <nav aria-label="Console" className="shell-nav" data-open={isOpen}>
      <Button
        variant="default"
        className="shell-menu"
        aria-expanded={isOpen}
        aria-controls="views"
        onClick={() => setOpen(!isOpen)}
      >
        {current?.title ?? 'Menu'} {isOpen ? '▴' : '▾'}
      </Button>
      <ul id="views">
        {shown.map(({ path, title }) => (
          <li key={path}>
            <Link href={path} aria-current={current?.path === path ? 'page' : undefined}>
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** Whether a place is this view or below it. */
function isWithin(location: string, path: string): boolean {
  return location === path || location.startsWith(`${path}/`)
}
