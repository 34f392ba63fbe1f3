/// How the page looks, in a light and in a dark surrounding.
enum PageStyle {
    /// How many colors there are for processes.
    static let processColors = 6

    static let css = """
        :root {
            color-scheme: light dark;
            --paper: #ffffff; --ground: #f5f6f8; --ink: #1b1f27; --quiet: #626b7a;
            --line: #dde1e7; --life: #a9b1bd; --shared: #4d5665;
            --crash: #c8202f; --crash-ground: #fdeced; --fault: #a85700; --fault-ground: #fff3df;
            --event: #6a4fc4; --event-ground: #f2effc; --standing: #626b7a; --good: #1c7a45;
            --p0: #0f62c9; --p1: #b0268c; --p2: #0b7d74; --p3: #86650a; --p4: #7a3fd0; --p5: #3d7314;
        }
        @media (prefers-color-scheme: dark) {
            :root {
                --paper: #161a21; --ground: #0e1116; --ink: #e4e8ee; --quiet: #949eae;
                --line: #2a313c; --life: #576171; --shared: #b3bcc9;
                --crash: #ff6b74; --crash-ground: #371a1f; --fault: #f5b04c; --fault-ground: #33260f;
                --event: #b5a3ff; --event-ground: #221e3a; --standing: #949eae; --good: #5ecb8c;
                --p0: #6cabff; --p1: #f285d0; --p2: #4fcfc2; --p3: #dfbb53; --p4: #bd97ff;
                --p5: #9bd168;
            }
        }
        * { box-sizing: border-box; }
        body {
            margin: 0; padding: 32px 24px 64px; background: var(--ground); color: var(--ink);
            font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
            min-width: max-content;
        }
        main { margin: 0 auto; width: max-content; max-width: none; }
        section + section { margin-top: 64px; padding-top: 40px; border-top: 1px solid var(--line); }
        .summary h2 { margin-top: 0; }
        header, table, pre, dl, .legend, .complete, .incomplete { max-width: 1048px; }
        h1 { margin: 2px 0 8px; font-size: 30px; line-height: 1.2; overflow-wrap: anywhere; }
        h2 { margin: 36px 0 12px; font-size: 18px; }
        h3 { margin: 16px 0 6px; font-size: 14px; color: var(--quiet); }
        .place {
            margin: 0; font-size: 12px; font-weight: 600; letter-spacing: .06em;
            text-transform: uppercase; color: var(--crash);
        }
        .explanation { margin: 0 0 14px; font-size: 17px; overflow-wrap: anywhere; }
        .facts { display: flex; flex-wrap: wrap; gap: 8px; margin: 0; padding: 0; list-style: none; }
        .facts li {
            padding: 1px 10px; border: 1px solid currentColor; border-radius: 12px; font-size: 13px;
        }
        li.plain { color: var(--quiet); border-color: var(--line); }
        figure {
            margin: 0; width: max-content; background: var(--paper);
            border: 1px solid var(--line); border-radius: 10px;
        }
        .names {
            position: sticky; top: 0; background: var(--paper); border-radius: 10px 10px 0 0;
            border-bottom: 1px solid var(--line);
        }
        svg { display: block; }
        svg g, tr { scroll-margin-top: 64px; }
        svg text {
            font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
            fill: var(--ink);
        }
        svg .halo {
            paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round;
        }
        svg .name { font-weight: 700; }
        svg .box { fill: var(--ground); stroke: var(--life); }
        svg .box.process { stroke: var(--c); stroke-width: 1.5; }
        svg .name.process { fill: var(--c); }
        svg .number { fill: var(--quiet); }
        svg a:hover .number { text-decoration: underline; }
        svg .life { stroke: var(--life); stroke-width: 1.5; }
        svg .life.process { stroke: var(--c); stroke-opacity: .7; stroke-width: 2; }
        svg .life.stands { stroke-dasharray: 2 5; }
        svg .arrow { stroke: var(--c); stroke-width: 1.6; fill: none; }
        svg .arrow.back { stroke-dasharray: 5 4; }
        svg .head, svg .dot { fill: var(--c); }
        svg .open { fill: var(--paper); stroke: var(--c); stroke-width: 2; }
        svg .answer { fill: var(--quiet); }
        svg .faulty { --c: var(--fault); }
        svg .fault { fill: var(--fault); font-weight: 700; }
        svg .cross { stroke: var(--crash); stroke-width: 3.5; stroke-linecap: round; }
        svg .crash { fill: var(--crash); font-weight: 700; }
        svg .event { fill: var(--event); }
        svg .standing { fill: var(--standing); font-style: italic; }
        svg .pause { stroke: var(--standing); stroke-width: 3; }
        svg .band { fill: none; }
        svg .band.of-crash { fill: var(--crash-ground); }
        svg .band.of-fault { fill: var(--fault-ground); }
        svg .band.of-event { fill: var(--event-ground); }
        svg .of-crash .halo { stroke: var(--crash-ground); }
        svg .of-fault .halo { stroke: var(--fault-ground); }
        svg .of-event .halo { stroke: var(--event-ground); }
        svg g:target .number, tr:target a { font-weight: 700; text-decoration: underline; }
        svg g:target .number { fill: var(--ink); }
        .legend { margin: 10px 2px; font-size: 13px; color: var(--quiet); }
        .legend span { margin-left: 14px; font-weight: 700; color: var(--ink); }
        .legend span:first-child { margin-left: 0; }
        .crash, .legend .crash { color: var(--crash); }
        .fault, .legend .fault { color: var(--fault); }
        .event, .legend .event { color: var(--event); }
        .standing, .legend .standing { color: var(--standing); }
        table {
            width: 1048px; border-collapse: separate; border-spacing: 0; background: var(--paper);
            border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
            table-layout: fixed;
        }
        th, td {
            padding: 5px 12px; text-align: left; vertical-align: top; overflow-wrap: anywhere;
            border-top: 1px solid var(--line); color: var(--ink);
        }
        thead th { border-top: 0; font-size: 13px; color: var(--quiet); }
        th:nth-child(1) { width: 56px; }
        th:nth-child(2) { width: 190px; }
        th:nth-child(4) { width: 320px; }
        td:nth-child(n+3) {
            font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        }
        td a { color: var(--quiet); text-decoration: none; }
        td .fault { display: block; color: var(--fault); }
        tr.crash td { background: var(--crash-ground); }
        tr.fault td { background: var(--fault-ground); }
        tr.event td { background: var(--event-ground); }
        tr.crash b { color: var(--crash); }
        tr.event b { color: var(--event); }
        tr.standing td, tr.restarted td { color: var(--quiet); font-style: italic; }
        pre {
            margin: 0; padding: 12px 14px; background: var(--paper); border: 1px solid var(--line);
            border-radius: 10px; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all;
            font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 20px; margin: 0; }
        dt { color: var(--quiet); }
        dd { margin: 0; overflow-wrap: anywhere; }
        .complete, .incomplete { font-weight: 700; }
        .complete { color: var(--good); }
        .incomplete { color: var(--fault); }
        """
        + (0..<processColors).map { "\n.p\($0) { --c: var(--p\($0)); }" }.joined()
        + "\n.shared { --c: var(--shared); }"
}
