import { Counter, type Registry } from 'prom-client'

/** What a hot path bumps: plain numbers, which become prom-client's when somebody looks at /metrics. */
export interface QuickCounter<Label extends string> {
  /** The counter of one set of labels; keep it. */
  of(labels: Record<Label, string>): { inc(): void }
}

export function quickCounter<Label extends string>(
  registry: Registry,
  options: { name: string; help: string; labelNames: Label[] },
): QuickCounter<Label> {
  const cells: { labels: Record<Label, string>; count: number }[] = []
  new Counter({
    ...options,
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, count } of cells) this.inc(labels, count)
    },
  })
  return {
    of(labels) {
      const cell = { labels, count: 0 }
      cells.push(cell)
      return {
        inc() {
          cell.count += 1
        },
      }
    },
  }
}

export interface QuickHistogram {
  /** The distribution under one label; keep it. */
  of(label: string): { observe(seconds: number): void }
}

export function quickHistogram(
  registry: Registry,
  options: { name: string; help: string; labelName: string; buckets: number[] },
): QuickHistogram {
  const { name, help, labelName, buckets } = options
  const cells: { label: string; counts: number[]; sum: number; count: number }[] = []

  const valuesOf = ({ label, counts, sum, count }: (typeof cells)[number]) => {
    const labels = { [labelName]: label }
    let below = 0
    return [
      ...buckets.map((le, i) => {
        below += counts[i] ?? 0
        return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below }
      }),
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }
  const metric = {
    name,
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: cells.flatMap(valuesOf) }),
    reset: () => undefined,
  }
  registry.registerMetric(metric as unknown as Counter)

  return {
    of(label) {
      const cell = { label, counts: buckets.map(() => 0), sum: 0, count: 0 }
      cells.push(cell)
      return {
        observe(seconds) {
          cell.sum += seconds
          cell.count += 1
          for (let i = 0; i < buckets.length; i += 1) {
            if (seconds <= (buckets[i] ?? 0)) {
              cell.counts[i] = (cell.counts[i] ?? 0) + 1
              return
            }
          }
        },
      }
    },
  }
}
