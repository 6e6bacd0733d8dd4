import { PROBED_IDS } from "../../src/db/citus/worker-watch.ts";
import type { Sql } from "../../src/db/client.ts";

/**
 * Gives a database of PostgreSQL the parts of Citus that the server depends on: the catalog of the shards, the refusal of
 * generic plans, and workers that hang. Tasks whose hash is negative are on `east:1`, the others on `west:1`.
 */
export async function imitateCitus(sql: Sql) {
  await sql.unsafe(`
    create table pg_dist_node (groupid int, nodename text, nodeport int, noderole text);
    create table pg_dist_placement (shardid int, groupid int);
    create table pg_dist_shard (logicalrelid regclass, shardid int, shardminvalue text);
    insert into pg_dist_node values (1, 'east', 1, 'primary'), (2, 'west', 1, 'primary');
    insert into pg_dist_placement values (1, 1), (2, 2);
    create unlogged table frozen_workers (name text);
    create function wait_if_frozen(worker text) returns boolean language plpgsql as $$ begin
      while exists (select from frozen_workers where name = worker) loop perform pg_sleep(0.02); end loop;
      return true;
    end $$;
    create function is_plannable() returns boolean language plpgsql as $$ begin
      if current_setting('plan_cache_mode') = 'force_generic_plan' then
        raise exception 'could not create distributed plan' using errcode = '0A000';
      end if;
      return true;
    end $$;
    alter table tasks rename to tasks_of_all_workers;
    create view tasks as select task.* from is_plannable() plannable, tasks_of_all_workers task
      where plannable and wait_if_frozen(case when uuid_hash(task.id) < 0 then 'east:1' else 'west:1' end);
    -- Probes then read rows, whose workers may hang. They belong to no user.
    insert into tasks_of_all_workers (id) select unnest('{${PROBED_IDS.join(",")}}'::uuid[]);
    insert into pg_dist_shard values ('tasks', 1, '-2147483648'), ('tasks', 2, '0');`);
  return {
    freeze: (worker: string) => sql`insert into frozen_workers values (${worker})`,
    thaw: () => sql`delete from frozen_workers`,
  };
}
