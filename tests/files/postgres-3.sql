SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.label_event_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'label_event is append-only' USING ERRCODE = 'restrict_violation'; END$$;
CREATE TABLE public.hitl_meta (
    key character varying NOT NULL,
    value character varying NOT NULL
);
CREATE TABLE public.label_event (
    seq bigint NOT NULL,
    event_id character varying(64) NOT NULL,
    task character varying NOT NULL,
    annotator character varying NOT NULL,
    kind character varying(16) NOT NULL,
    "time" character varying(40) NOT NULL,
    body text NOT NULL
);
CREATE SEQUENCE public.label_event_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.label_event_seq_seq OWNED BY public.label_event.seq;
CREATE TABLE public.lease (
    task character varying NOT NULL,
    item_id character varying NOT NULL,
    holder character varying NOT NULL,
    annotator character varying NOT NULL,
    expires double precision NOT NULL
);
CREATE TABLE public.presence (
    task character varying NOT NULL,
    holder character varying NOT NULL,
    annotator character varying NOT NULL,
    expires double precision NOT NULL
);
ALTER TABLE ONLY public.label_event ALTER COLUMN seq SET DEFAULT nextval('public.label_event_seq_seq'::regclass);
INSERT INTO public.hitl_meta VALUES ('store_id', '2487940f47b64c40a878ed7986909121');
INSERT INTO public.hitl_meta VALUES ('format', '3');
INSERT INTO public.label_event VALUES (1, '00000000-0000-4000-8000-000000000001', 'labels', 'mia', 'schema', '2026-11-01T10:00:00.000+00:00', '{"item_ids":[],"value":{"question":"Is it spam?","classes":[{"name":"spam","guidance":"Sells something that nobody asked for","example":"WIN \u00a3\u00a3\u00a3 now!","key":"1","color":"#0072B2"},{"name":"ham","guidance":"All else: na\u00efve, \u65e5\u672c\u8a9e","example":"","key":"2","color":"#E69F00"}]},"selection":null,"elapsed_ms":null,"model_version":null}');
INSERT INTO public.label_event VALUES (2, '00000000-0000-4000-8000-000000000002', 'labels', 'mia', 'label', '2026-11-02T10:00:00.000+00:00', '{"item_ids":["m1"],"value":"spam","selection":"suggested","elapsed_ms":1800,"model_version":0}');
INSERT INTO public.label_event VALUES (3, '00000000-0000-4000-8000-000000000003', 'labels', 'mia', 'label', '2026-11-03T10:00:00.000+00:00', '{"item_ids":["m2"],"value":"ham","selection":"audit","elapsed_ms":950,"model_version":1}');
INSERT INTO public.label_event VALUES (4, '00000000-0000-4000-8000-000000000004', 'labels', 'mia', 'label', '2026-11-04T10:00:00.000+00:00', '{"item_ids":["b0","b1","b2","b3","b4","b5","b6","b7","b8","b9","b10","b11","b12","b13","b14","b15","b16","b17","b18","b19","b20","b21","b22","b23","b24","b25","b26","b27","b28","b29","b30","b31","b32","b33","b34","b35","b36","b37","b38","b39"],"value":"spam","selection":"lasso","elapsed_ms":5200,"model_version":2}');
INSERT INTO public.label_event VALUES (5, '00000000-0000-4000-8000-000000000005', 'labels', 'mia', 'skip', '2026-11-05T10:00:00.000+00:00', '{"item_ids":["m3"],"value":null,"selection":"suggested","elapsed_ms":4000,"model_version":2}');
INSERT INTO public.label_event VALUES (6, '00000000-0000-4000-8000-000000000006', 'labels', 'mia', 'undo', '2026-11-06T10:00:00.000+00:00', '{"item_ids":[],"value":"00000000-0000-4000-8000-000000000004","selection":null,"elapsed_ms":null,"model_version":null}');
INSERT INTO public.label_event VALUES (7, '00000000-0000-4000-8000-000000000007', 'labels', 'mia', 'redo', '2026-11-07T10:00:00.000+00:00', '{"item_ids":[],"value":"00000000-0000-4000-8000-000000000004","selection":null,"elapsed_ms":null,"model_version":null}');
INSERT INTO public.label_event VALUES (8, '00000000-0000-4000-8000-000000000008', 'labels', 'Jörg ''the''; DROP', 'label', '2026-11-08T10:00:00.000+00:00', '{"item_ids":["m1"],"value":"ham","selection":"clicked","elapsed_ms":null,"model_version":3}');
INSERT INTO public.label_event VALUES (9, '00000000-0000-4000-8000-000000000009', 'labels', 'Jörg ''the''; DROP', 'undo', '2026-11-09T10:00:00.000+00:00', '{"item_ids":[],"value":"00000000-0000-4000-8000-000000000008","selection":null,"elapsed_ms":null,"model_version":null}');
INSERT INTO public.label_event VALUES (10, '00000000-0000-4000-8000-000000000010', 'labels', 'mia', 'label', '2026-11-10T10:00:00.000+00:00', '{"item_ids":["m2"],"value":null,"selection":"api","elapsed_ms":null,"model_version":null}');
INSERT INTO public.label_event VALUES (11, '00000000-0000-4000-8000-000000000011', 'labels', 'mia', 'schema', '2026-11-11T10:00:00.000+00:00', '{"item_ids":[],"value":{"question":"Is it spam?","classes":[{"name":"spam","guidance":"","example":"","key":"1","color":"#0072B2"},{"name":"ham","guidance":"","example":"","key":"2","color":"#E69F00"},{"name":"unsure","guidance":"","example":"","key":"3","color":"#009E73"}]},"selection":null,"elapsed_ms":null,"model_version":null}');
INSERT INTO public.label_event VALUES (12, '00000000-0000-4000-8000-000000000012', 'labels', 'mia', 'label', '2026-11-12T10:00:00.000+00:00', '{"item_ids":["m4"],"value":"unsure","selection":"cluster","elapsed_ms":1,"model_version":4}');
INSERT INTO public.label_event VALUES (13, '00000000-0000-4000-8000-000000000013', 'mood', 'mia', 'schema', '2026-11-13T10:00:00.000+00:00', '{"item_ids":[],"value":{"question":"","classes":[{"name":"glad","guidance":"","example":"","key":"1","color":"#0072B2"},{"name":"sad","guidance":"","example":"","key":"2","color":"#E69F00"}]},"selection":null,"elapsed_ms":null,"model_version":null}');
INSERT INTO public.label_event VALUES (14, '00000000-0000-4000-8000-000000000014', 'mood', 'mia', 'label', '2026-11-14T10:00:00.000+00:00', '{"item_ids":["m1"],"value":"glad","selection":"rectangle","elapsed_ms":null,"model_version":null}');
SELECT pg_catalog.setval('public.label_event_seq_seq', 14, true);
ALTER TABLE ONLY public.hitl_meta
    ADD CONSTRAINT hitl_meta_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.label_event
    ADD CONSTRAINT label_event_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY public.label_event
    ADD CONSTRAINT label_event_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (task, item_id);
ALTER TABLE ONLY public.presence
    ADD CONSTRAINT presence_pkey PRIMARY KEY (task, holder);
CREATE INDEX label_event_task_seq ON public.label_event USING btree (task, seq);
CREATE TRIGGER label_event_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.label_event FOR EACH STATEMENT EXECUTE FUNCTION public.label_event_refuse();
ALTER TABLE public.label_event ENABLE ALWAYS TRIGGER label_event_append_only;
