import { pick, useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

/** Keeps the active tab inside the visible part of the tab strip, whose scroll bar GraphiQL hides. */
export function ActiveTabScroll() {
  const { tabs, activeTabIndex } = useGraphiQL(pick("tabs", "activeTabIndex"));
  const id = tabs[activeTabIndex]?.id;
  const titles = tabs.map(({ title }) => title).join("\n");
  useEffect(() => {
    const strip = document.querySelector(".graphiql-tabs");
    // The observer also reports the first size, so it scrolls at once; id and titles restart it.
    const observer = new ResizeObserver(() => {
      if (id === undefined || titles === "") return;
      strip?.querySelector(".graphiql-tab-active")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
    if (strip) observer.observe(strip);
    return () => observer.disconnect();
  }, [id, titles]);
  return null;
}
